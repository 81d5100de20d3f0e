"""Articles and tags as JSON lines, the form that `barchasb tag --jsonl` speaks."""

import re

import msgspec

from service.tagging.tagger import Article, Tagger

# A pair of surrogates and an escaped backslash are passed over; a half is group 1.
_HALF_A_PAIR = re.compile(
    r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F]|\\\\|(\\u[dD][89a-fA-F])"
)


class UnusableError(Exception):
    """An article that cannot be tagged; the others still are."""


class ArticleLine(msgspec.Struct, frozen=True):
    """A line of `barchasb tag --jsonl`; other keys are ignored.

    Attributes:
        id: Any string, number, true, false or null, answered letter for letter.
    """

    id: msgspec.Raw
    text: str
    title: str | None = None


class TopicLine(msgspec.Struct, frozen=True):
    """How one topic fared in an article."""

    id: str
    score: float
    assigned: bool


class TagsLine(msgspec.Struct, frozen=True):
    """An answered line: every topic, best score first."""

    id: msgspec.Raw
    model: str
    topics: list[TopicLine]


_article_line = msgspec.json.Decoder(ArticleLine)
_scalar = msgspec.json.Decoder(str | int | float | bool | None)


def answer(tagger: Tagger, line: bytes) -> bytes:
    """Tag the article of a line.

    Returns:
        The line to write, without its end.

    Raises:
        UnusableError: The line is no article, or its text is blank.
    """
    asked = _asked(line)
    (tagged,) = tagger.tag([Article(asked.title or "", asked.text)])
    topics = [
        TopicLine(one.topic.id, float(one.score), bool(one.assigned))
        for one in tagged.topics
    ]
    return msgspec.json.encode(TagsLine(asked.id, tagger.model.version, topics))


def _asked(line: bytes) -> ArticleLine:
    if not line.strip():
        raise UnusableError("the line is blank")
    try:
        content = line.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusableError(f"not UTF-8 (byte {error.start})") from error
    try:
        asked = _article_line.decode(content)
    except msgspec.ValidationError as error:
        raise UnusableError(f"not an article ({_plain(error)})") from error
    except msgspec.DecodeError as error:
        raise UnusableError(_malformed(content, error)) from error
    except RecursionError as error:
        raise UnusableError("not an article (it is nested too deeply)") from error
    _check(asked)
    return asked


def _check(asked: ArticleLine) -> None:
    try:
        _scalar.decode(asked.id)
    except msgspec.DecodeError as error:
        raise UnusableError(
            "id is not a string, a number, true, false or null"
        ) from error
    if not asked.text.strip():
        raise UnusableError("text is blank")


def _malformed(content: str, error: msgspec.DecodeError) -> str:
    if any(found[1] for found in _HALF_A_PAIR.finditer(content)):
        return "not JSON (a \\u escape is half of a surrogate pair)"
    return f"not JSON ({_plain(error)})"


def _plain(error: msgspec.DecodeError) -> str:
    reason = str(error).removeprefix("JSON is malformed: ")
    if "truncated" in reason:
        return "it ends early"
    return reason.replace("`", "").replace("$.", "")
