"""What the API takes, and the one pass that decodes and validates it."""

import re
from collections.abc import Collection
from typing import Literal

import msgspec
from werkzeug.exceptions import BadRequest, UnprocessableEntity

from service.tagging.tagger import Article, Wish
from service.web.errors import FieldError
from service.web.markup import find_markup

_CURES = {
    "text": "text must be a string that is not blank.",
    "title": "title must be a string where it is given.",
    "explain": "explain must be true or false where it is given.",
    "prefer": 'prefer must be "precision", "recall" or null where it is given.',
    "thresholds": (
        "thresholds must be an object that gives topic ids a number from 0 to 1."
    ),
}
_NAMED = re.compile(r"Object (?:missing required|contains unknown) field `(.*)`", re.S)
_PLACED = re.compile(r".* - at `\$\.(.*)`", re.S)
_LONGEST_NAME = 80


class ClassifyRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of `POST /v1/classify`.

    Attributes:
        text: The article's text, plain; HTML is refused (see `markup.py`).
        title: Its headline, plain too.
        explain: Whether the answer has evidence.
        prefer: Whose thresholds count: "precision" for fewer wrong tags, "recall" for
            fewer missed ones; null, as leaving it out, for the balance of both.
        thresholds: A threshold, 0 to 1, by topic id; it goes before `prefer`.
    """

    text: str
    title: str = ""
    explain: bool = False
    prefer: Literal["precision", "recall"] | None = None
    thresholds: dict[str, float] = {}

    @property
    def article(self) -> Article:
        """The article to tag, as it was sent."""
        return Article(title=self.title, text=self.text)

    @property
    def wish(self) -> Wish:
        """How to tag it."""
        return Wish(self.explain, self.prefer, self.thresholds)


_classify_request = msgspec.json.Decoder(ClassifyRequest)


def decode_classify(body: bytes, topics: Collection[str]) -> ClassifyRequest:
    """Decode and validate the body of `POST /v1/classify`.

    Of a key that comes twice, the last value counts. The first fault met is told.

    Args:
        body: As it was sent.
        topics: The ids that a threshold may be given for.

    Raises:
        BadRequest: It is not JSON in UTF-8.
        UnprocessableEntity: It is JSON, but not an article.
    """
    try:
        asked = _classify_request.decode(body)
    except msgspec.ValidationError as error:
        raise _unfit(str(error)) from None
    except msgspec.DecodeError as error:
        raise BadRequest(_malformed(body, str(error))) from None
    except UnicodeDecodeError:
        raise BadRequest("The body is not UTF-8; encode it as UTF-8.") from None
    _check_thresholds(asked.thresholds, topics)
    _check_writing(asked)
    return asked


def _check_thresholds(thresholds: dict[str, float], topics: Collection[str]) -> None:
    for topic, threshold in thresholds.items():
        field = f"thresholds.{topic[:_LONGEST_NAME]}"
        if topic not in topics:
            known = ", ".join(topics)
            raise FieldError(field, f"There is no such topic; the topics are {known}.")
        if not 0.0 <= threshold <= 1.0:
            raise FieldError(field, f"{field} must be a number from 0 to 1.")


def _check_writing(asked: ClassifyRequest) -> None:
    if not asked.text.strip():
        raise FieldError("text", "text is blank; send the article's text in it.")
    for field, given in (("title", asked.title), ("text", asked.text)):
        if "\0" in given:
            raise FieldError(
                field, f"{field} holds a NUL character (U+0000); take it out."
            )
        if markup := find_markup(given):
            raise FieldError(
                field,
                f"{field} is HTML (it has {markup} in it); send plain text, as a "
                "browser shows it, without tags and character references.",
            )


def _unfit(reason: str) -> UnprocessableEntity:
    """Tell msgspec's reason in our words; no value is quoted."""
    found = _NAMED.fullmatch(reason) or _PLACED.fullmatch(reason)
    if found is None:
        return UnprocessableEntity(
            "The body must be a JSON object with at least the field text."
        )
    field = found[1].removesuffix("[...]")[:_LONGEST_NAME]
    if field not in _CURES:
        known = ", ".join(_CURES)
        return FieldError(field, f"There is no such field; the fields are {known}.")
    return FieldError(field, f"{_sentence(reason)}{_CURES[field]}")


def _malformed(body: bytes, reason: str) -> str:
    if not body.strip():
        return "The body is empty; send a JSON object with the field text."
    if body.startswith(b"\xef\xbb\xbf"):
        return "The body begins with a byte-order mark; send it without."
    if "truncated" in reason or "surrogate" in reason:
        return (
            "The body is not JSON: it ends early, or a \\u escape in it "
            "is half of a surrogate pair."
        )
    return f"The body is not JSON: {reason.removeprefix('JSON is malformed: ')}."


def _sentence(reason: str) -> str:
    if reason.startswith("Invalid enum value"):  # it would quote the value
        return ""
    return reason.partition(" - at ")[0].replace("`", "") + ". "
