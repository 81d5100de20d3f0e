"""Articles and tags as JSON lines, the form that `barchasb tag --jsonl` speaks."""

import re
from collections.abc import Collection

import msgspec
from msgspec import UNSET, UnsetType

from service.tagging.tagger import Article, Evidence, Tagger, Wish
from service.web.markup import find_markup

# A pair of surrogates and an escaped backslash are passed over; a half is group 1.
_HALF_A_PAIR = re.compile(
    rb"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]|\\\\|"
    rb"(\\u[dD][89a-fA-F][0-9a-fA-F]{2})"
)

NO_SCALAR = "id is not a string, a number, true, false or null"


class UnusableError(Exception):
    """An article that cannot be tagged; the others still are."""


class ArticleLine(msgspec.Struct, frozen=True, gc=False):
    """A line of `barchasb tag --jsonl`; other keys are ignored.

    Attributes:
        id: Any string, number, true, false or null, answered letter for letter.
    """

    id: msgspec.Raw
    text: str
    title: str | None = None


class TopicLine(msgspec.Struct, frozen=True, gc=False):
    """How one topic fared in an article; with evidence where it was asked for."""

    id: str
    score: float
    assigned: bool
    evidence: tuple[Evidence, ...] | UnsetType = UNSET


class TagsLine(msgspec.Struct, frozen=True, gc=False):
    """An answered line: the topics, best score first."""

    id: msgspec.Raw
    model: str
    topics: list[TopicLine]


_article_line = msgspec.json.Decoder(ArticleLine)
_scalar = msgspec.json.Decoder(str | int | float | bool | None)
_NO_WISH = Wish()


def answer(
    tagger: Tagger,
    line: bytes,
    wish: Wish = _NO_WISH,
    chosen: Collection[str] | None = None,
) -> bytes:
    """Tag the article of a line.

    Args:
        tagger: Tags it.
        line: With or without its end.
        wish: How to tag it.
        chosen: Ids of the topics to answer, None for all.

    Returns:
        The line to write, without its end.

    Raises:
        UnusableError: The line is no article, or its text is blank or HTML.
    """
    asked = _asked(line)
    tagged = tagger.tag_one(Article(asked.title or "", asked.text), wish)
    topics = [
        TopicLine(one.id, one.score, one.assigned, one.evidence)
        for one in tagged.topics
        if chosen is None or one.id in chosen
    ]
    return msgspec.json.encode(TagsLine(asked.id, tagger.model.version, topics))


def check_plain(field: str, given: str) -> None:
    """Make sure that an article's title or text is plain text, as the service does.

    Raises:
        UnusableError: It is HTML, or not text at all.
    """
    if "\0" in given:
        raise UnusableError(f"{field} holds a NUL character (U+0000)")
    if markup := find_markup(given):
        raise UnusableError(f"{field} is HTML (it has {markup} in it)")


def check_article(title: str, text: str) -> None:
    """Make sure that an article can be tagged.

    Raises:
        UnusableError: Its text is blank, or it is not plain text.
    """
    if not text or text.isspace():
        raise UnusableError("text is blank")
    check_plain("title", title)
    check_plain("text", text)


def _asked(line: bytes) -> ArticleLine:
    try:
        asked = _article_line.decode(line)
        _check_id(asked.id)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise UnusableError(reason_of(line, error)) from error
    check_article(asked.title or "", asked.text)
    return asked


def _check_id(identity: msgspec.Raw) -> None:
    try:
        _scalar.decode(identity)
    except msgspec.DecodeError as error:
        raise UnusableError(NO_SCALAR) from error


def reason_of(line: bytes, error: Exception) -> str:
    """Why decoding a line ended in an error, in words about the line."""
    if not line.strip():
        return "the line is blank"
    try:
        line.decode("utf-8")
    except UnicodeDecodeError as unreadable:
        return f"not UTF-8 (byte {unreadable.start})"
    if isinstance(error, RecursionError):
        return "not an article (it is nested too deeply)"
    if isinstance(error, msgspec.ValidationError):
        return f"not an article ({_plain(error)})"
    return _malformed(line, error)


def replace_half_pairs(content: bytes, replacement: bytes) -> bytes:
    """JSON with every escape replaced that is half of a surrogate pair.

    msgspec refuses such an escape, in words that do not name it.
    """
    return _HALF_A_PAIR.sub(
        lambda found: replacement if found[1] else found[0], content
    )


def _malformed(line: bytes, error: Exception) -> str:
    if replace_half_pairs(line, b"") != line:
        return "not JSON (a \\u escape is half of a surrogate pair)"
    return f"not JSON ({_plain(error)})"


def _plain(error: Exception) -> str:
    reason = str(error).removeprefix("JSON is malformed: ")
    if "truncated" in reason:
        return "it ends early"
    return reason.replace("`", "").replace("$.", "")
