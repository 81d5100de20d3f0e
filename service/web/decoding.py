"""What the API takes, and the one pass that decodes and validates it."""

import contextlib
import re
from collections.abc import Collection, Iterator
from typing import Annotated, Literal

import msgspec
from msgspec import Meta, Raw
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import BadRequest, HTTPException, UnprocessableEntity

from service import json_lines
from service.tagging.tagger import Wish
from service.web.errors import FieldError
from service.web.markup import find_markup

NO_ID = Raw(b"null")

_CURES = {
    "text": "text must be a string that is not blank.",
    "title": "title must be a string where it is given.",
    "id": "id must be a string, a number, true, false or null where it is given.",
    "articles": "articles must be an array of articles, each an object with text.",
    "explain": "explain must be true or false where it is given.",
    "prefer": 'prefer must be "precision", "recall" or null where it is given.',
    "thresholds": (
        "thresholds must be an object that gives topic ids a number from 0 to 1."
    ),
    "topics": (
        "topics must be an object with include, exclude or both, each an array of "
        "topic ids; include must not be empty."
    ),
    "limit": "limit must be a whole number from 1, or null, where it is given.",
}
_QUERY_CURES = _CURES | {
    "prefer": "prefer must be precision or recall where it is given.",
    "thresholds": (
        "thresholds are given as thresholds.ID, each a number from 0 to 1, ID being a "
        "topic's."
    ),
    "topics": (
        "topics are given as topics.include, topics.exclude or both, each topic ids "
        "with commas between."
    ),
    "limit": "limit must be a whole number from 1 where it is given.",
}
_NAMED = re.compile(
    r"Object (?:missing required|contains unknown) field `(.*?)`"
    r"(?: - at `\$\.(topics)`)?",
    re.S,
)
_PLACED = re.compile(r".* - at `\$\.(.*)`", re.S)
_NUMBER = re.compile(r"-?[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?")
_LONGEST_NAME = 80

# Schemas say what is checked here rather than by msgspec, for the sake of the problem.
type Threshold = Annotated[float, Meta(extra_json_schema={"minimum": 0, "maximum": 1})]
type PlainText = Annotated[str, Meta(extra_json_schema={"pattern": r"^[^\u0000]*$"})]
type Text = Annotated[
    str, Meta(extra_json_schema={"pattern": r"^[^\u0000]*[^\s\u0000][^\u0000]*$"})
]
type Id = Annotated[
    Raw, Meta(extra_json_schema={"type": ["string", "number", "boolean", "null"]})
]
type ArticleJson = Annotated[
    Raw,
    Meta(
        extra_json_schema={
            "anyOf": [
                {"$ref": "#/components/schemas/ArticleRequest"},
                {"description": "Anything else gets a problem in its place."},
            ]
        }
    ),
]


class TopicChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Which topics are answered.

    Attributes:
        include: Only these; every topic where it is left out.
        exclude: Not these.
    """

    include: Annotated[list[str], Meta(min_length=1)] | None = None
    exclude: list[str] = []

    def has(self, topic: str) -> bool:
        """Whether a topic is answered."""
        return topic not in self.exclude and (
            self.include is None or topic in self.include
        )


class Options(Wish, frozen=True, kw_only=True, forbid_unknown_fields=True, gc=False):
    """How to tag, and what of it to answer; the same for every route that tags.

    Attributes:
        explain: Whether the answer has evidence.
        prefer: Whose thresholds count: "precision" for fewer wrong tags, "recall" for
            fewer missed ones; null, as leaving it out, for the balance of both.
        thresholds: A threshold, 0 to 1, by topic id; it goes before `prefer`.
        topics: The topics that are answered; null, as leaving it out, for all.
        limit: How many topics are answered at most, the best first.
    """

    explain: bool = False
    prefer: Literal["precision", "recall"] | None = None
    thresholds: dict[str, Threshold] = {}  # noqa: RUF012 - a copy for each
    topics: TopicChoice | None = None
    limit: Annotated[float, Meta(ge=1, multiple_of=1)] | None = None  # 3.0 is JSON's 3

    @property
    def most(self) -> int | None:
        """How many topics are answered at most, None for all."""
        return None if self.limit is None else int(self.limit)


class ClassifyRequest(Options, frozen=True, forbid_unknown_fields=True, gc=False):
    """The body of `POST /v1/classify`: an article, and how to tag it.

    Attributes:
        text: The article's text, plain; HTML is refused.
        title: Its headline, plain too.
    """

    text: Text
    title: PlainText = ""


class ArticleRequest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """An article of a batch, or a line of a stream.

    Attributes:
        text: The article's text, plain; HTML is refused.
        title: Its headline, plain too.
        id: Whatever the caller knows it by, answered letter for letter.
    """

    text: Text
    title: PlainText = ""
    id: Id | msgspec.UnsetType = msgspec.UNSET


class BatchRequest(Options, frozen=True, forbid_unknown_fields=True, gc=False):
    """The body of `POST /v1/classify/batch`: articles, and how to tag them.

    Attributes:
        articles: They are answered in this order. One that cannot be used gets a
            problem in its place.
    """

    articles: list[ArticleJson]


class _Identified(msgspec.Struct):
    id: Raw = NO_ID


_classify_request = msgspec.json.Decoder(ClassifyRequest)
_article_request = msgspec.json.Decoder(ArticleRequest)
_batch_request = msgspec.json.Decoder(BatchRequest)
_identified = msgspec.json.Decoder(_Identified)
_scalar = msgspec.json.Decoder(str | int | float | bool | None)


def decode_classify(body: bytes, topics: Collection[str]) -> ClassifyRequest:
    """Decode and validate the body of `POST /v1/classify`.

    Of a key that comes twice, the last value counts. The first fault met is told.

    Args:
        body: As it was sent.
        topics: The ids that there are.

    Raises:
        BadRequest: It is not JSON in UTF-8.
        UnprocessableEntity: It is JSON, but not an article.
    """
    asked = _decode(_classify_request, body, "body")
    _check_options(asked, topics)
    _check_writing(asked.title, asked.text)
    return asked


def decode_batch(body: bytes, topics: Collection[str], most: int) -> BatchRequest:
    """Decode the body of `POST /v1/classify/batch`, its articles not yet.

    Args:
        body: As it was sent, unpacked.
        topics: The ids that there are.
        most: How many articles it may have.

    Raises:
        BadRequest: It is not JSON in UTF-8.
        UnprocessableEntity: It is JSON, but not a batch.
    """
    try:
        asked = _decode(_batch_request, body, "body")
    except BadRequest:
        # An article with half of a surrogate pair must not spoil the others. As a NUL
        # it is refused where it stands.
        mended = json_lines.replace_half_pairs(body, rb"\u0000")
        if mended == body:
            raise
        asked = _decode(_batch_request, mended, "body")
    _check_options(asked, topics)
    if len(asked.articles) > most:
        raise FieldError("articles", f"Send at most {most} articles in a batch.")
    return asked


def decode_article(content: bytes | Raw) -> ArticleRequest:
    """Decode and validate an article of a batch, or a line of a stream.

    Raises:
        BadRequest: It is not JSON in UTF-8.
        UnprocessableEntity: It is JSON, but not an article.
    """
    asked = _decode(_article_request, content, "article")
    if asked.id is not msgspec.UNSET and not _is_id(asked.id):
        raise FieldError("id", _CURES["id"])
    _check_writing(asked.title, asked.text)
    return asked


def find_id(content: bytes | Raw) -> Raw:
    """The id of an article that cannot be used, null where none can be made out."""
    try:
        found = _identified.decode(content).id
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return NO_ID
    return found if _is_id(found) else NO_ID


def refuse_query(query: MultiDict[str, str]) -> None:
    """Refuse parameters of a route whose options are fields of its body.

    Raises:
        UnprocessableEntity: There is one; passed over, it would seem to count.
    """
    for name in query:
        raise FieldError(
            name[:_LONGEST_NAME],
            "This path takes no query; its options are fields of the JSON body, "
            'as in {"text": "...", "explain": true}.',
        )


def decode_query(query: MultiDict[str, str], topics: Collection[str]) -> Options:
    """Decode and validate options that are query parameters.

    A parameter has the name that its field has in a problem, as in `explain=true`,
    `topics.include=trade,energy` or `thresholds.trade=0.8`. Of a parameter that comes
    twice, the last value counts.

    Args:
        query: The parameters.
        topics: The ids that there are.

    Raises:
        UnprocessableEntity: One is unknown, or has a value that cannot be used.
    """
    plain: dict[str, object] = {}
    nested: dict[str, dict[str, object]] = {}
    for name, values in query.lists():
        head, _, rest = name.partition(".")
        if head == "topics" and rest:
            nested.setdefault(head, {})[rest] = values[-1].split(",")
        elif head == "thresholds" and rest:
            nested.setdefault(head, {})[rest] = _literal(values[-1])
        else:
            plain[name] = _literal(values[-1])
    try:
        asked = msgspec.convert({**nested, **plain}, Options)
    except msgspec.ValidationError as error:
        raise _unfit(str(error), Options, in_query=True) from None
    _check_options(asked, topics)
    return asked


def _literal(value: str) -> object:
    """A number, true or false where a query's value is written as one."""
    if value in {"true", "false"}:
        return value == "true"
    if _NUMBER.fullmatch(value):
        with contextlib.suppress(msgspec.DecodeError):  # 1e999, or 007
            return msgspec.json.decode(value)
    return value


def _decode[T: msgspec.Struct](
    decoder: msgspec.json.Decoder[T], content: bytes | Raw, what: str
) -> T:
    try:
        return decoder.decode(content)
    except msgspec.ValidationError as error:
        raise _unfit(str(error), decoder.type) from None
    except msgspec.DecodeError as error:
        raise _malformed(bytes(memoryview(content)), str(error), what) from None
    except UnicodeDecodeError:
        raise BadRequest(f"The {what} is not UTF-8; encode it as UTF-8.") from None
    except RecursionError:
        raise UnprocessableEntity(f"The {what} is nested too deeply.") from None


def _is_id(content: Raw) -> bool:
    try:
        found = _scalar.decode(content)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return False
    return not isinstance(found, str) or "\0" not in found


def _check_options(asked: Options, topics: Collection[str]) -> None:
    for topic, threshold in asked.thresholds.items():
        field = f"thresholds.{topic[:_LONGEST_NAME]}"
        _check_topic(field, topic, topics)
        if not 0.0 <= threshold <= 1.0:
            raise FieldError(field, f"{field} must be a number from 0 to 1.")
    if asked.topics:
        for field, topic in _chosen(asked.topics):
            _check_topic(field, topic, topics)


def _chosen(choice: TopicChoice) -> Iterator[tuple[str, str]]:
    yield from (("topics.include", topic) for topic in choice.include or ())
    yield from (("topics.exclude", topic) for topic in choice.exclude)


def _check_topic(field: str, topic: str, topics: Collection[str]) -> None:
    if topic not in topics:
        known = ", ".join(topics)
        raise FieldError(field, f"There is no such topic; the topics are {known}.")


def _check_writing(title: str, text: str) -> None:
    if not text or text.isspace():
        raise FieldError("text", "text is blank; send the article's text in it.")
    for field, given in (("title", title), ("text", text)):
        if "\0" in given:
            raise FieldError(
                field,
                f"{field} holds a NUL character (U+0000), or half of a surrogate pair; "
                "take it out.",
            )
        if markup := find_markup(given):
            raise FieldError(
                field,
                f"{field} is HTML (it has {markup} in it); send plain text, as a "
                "browser shows it, without tags and character references.",
            )


def _unfit(
    reason: str, wanted: type[msgspec.Struct], *, in_query: bool = False
) -> HTTPException:
    """Tell msgspec's reason in our words; no value is quoted."""
    found = _NAMED.fullmatch(reason) or _PLACED.fullmatch(reason)
    if found is None:
        needed = wanted.__struct_fields__[0]
        return UnprocessableEntity(
            f"There must be a JSON object with at least the field {needed}."
        )
    field = ".".join(part for part in reversed(found.groups()) if part)
    field = re.sub(r"\[[0-9.]+\]$", "", field)[:_LONGEST_NAME]
    top = field.partition(".")[0]
    if top not in wanted.__struct_fields__:
        known = ", ".join(wanted.__struct_fields__)
        return FieldError(field, f"There is no such field; the fields are {known}.")
    if in_query:  # what JSON's types are called says nothing of it
        return FieldError(field, _QUERY_CURES[top])
    return FieldError(field, f"{_sentence(reason)}{_CURES[top]}")


def _malformed(content: bytes, reason: str, what: str) -> BadRequest:
    if not content.strip():
        return BadRequest(f"The {what} is empty; send a JSON object.")
    if content.startswith(b"\xef\xbb\xbf"):
        return BadRequest(f"The {what} begins with a byte-order mark; send it without.")
    if json_lines.replace_half_pairs(content, b"") != content:
        return BadRequest(
            f"The {what} has a \\u escape in it that is half of a surrogate pair."
        )
    if "truncated" in reason:
        return BadRequest(f"The {what} is not JSON: it ends early.")
    plain = reason.removeprefix("JSON is malformed: ")
    return BadRequest(f"The {what} is not JSON: {plain}.")


def _sentence(reason: str) -> str:
    if reason.startswith(("Invalid enum value", "Object contains")):  # both quote
        return ""
    return reason.partition(" - at ")[0].replace("`", "") + ". "
