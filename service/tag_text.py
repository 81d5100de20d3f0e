"""An article's text as people give it, and its topics as they read them."""

from collections.abc import Collection, Iterator

from service.json_lines import UnusableError, check_plain
from service.tagging.tagger import ScoredTopic, TaggedArticle
from service.terminal import open_file

_INDENT = " " * 11


def read(file: str) -> str:
    """The text that a file holds; `-` is standard input.

    Raises:
        OSError: The file cannot be read.
        UnusableError: It is not UTF-8, is blank or HTML.
    """
    with open_file(file) as opened:
        content = opened.read()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusableError(f"not UTF-8 (byte {error.start})") from error
    if not text.strip():
        raise UnusableError("there is no text in it")
    check_plain("the text", text)
    return text


def described(tagged: TaggedArticle, chosen: Collection[str]) -> Iterator[str]:
    """Lines that tell how the topics fared of which `chosen` has the id."""
    if tagged.language is None:
        yield "  no letter in it, so no topic"
        return
    if tagged.language != "fa":
        yield f"  not Persian ({tagged.language}), so no topic"
        return
    width = max(map(len, chosen))
    for scored in tagged.topics:
        if scored.id in chosen:
            yield from _topic_lines(scored, width)


def _topic_lines(scored: ScoredTopic, width: int) -> Iterator[str]:
    mark = "*" if scored.assigned else " "
    yield f"  {mark} {scored.score:.3f}  {scored.id:{width}}  {scored.names.fa}"
    words = dict.fromkeys(one.text for one in scored.evidence or ())
    if words:
        # Only Persian on the line, which a terminal then lays out as it should.
        yield _INDENT + "\u060c ".join(words)
