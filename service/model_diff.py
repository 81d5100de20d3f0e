"""Whose tags change between two versions, on a file of articles."""

from collections import Counter
from collections.abc import Iterator

import msgspec

from service import json_lines
from service.json_lines import TagsLine, UnusableError
from service.tagging.model_file import Model
from service.tagging.tagger import Tagger
from service.terminal import complain, name_of, numbered, open_file, write_line

_tags_line = msgspec.json.Decoder(TagsLine)


def compare(old: Model, new: Model, file: str) -> int:
    """Print each article whose tags change, as it is read, then counts by topic.

    Args:
        old: What topics are lost from.
        new: What they are gained by.
        file: JSON lines as of `barchasb tag --jsonl`, or `-`.

    Returns:
        The exit code: 1 where a line could not be used, as said on standard error.

    Raises:
        OSError: The file cannot be read.
    """
    topics = [*dict.fromkeys(topic.id for topic in (*new.topics, *old.topics))]
    taggers = Tagger(old), Tagger(new)
    gained: Counter[str] = Counter()
    lost: Counter[str] = Counter()
    articles = changed = exit_code = 0
    with open_file(file) as lines:
        for number, line in numbered(lines):
            try:
                (identity, before), (_, after) = (_tags(one, line) for one in taggers)
            except UnusableError as error:
                exit_code = complain(f"{name_of(file)}, line {number}: {error}")
                continue
            articles += 1
            if before != after:
                changed += 1
                gained.update(after - before)
                lost.update(before - after)
                write_line(f"{identity}  {_moves(topics, before, after)}")
    for row in _table(topics, gained, lost):
        write_line(row)
    write_line(f"{changed} of {articles} articles change")
    return exit_code


def _tags(tagger: Tagger, line: bytes) -> tuple[str, set[str]]:
    """An article's id, as it is written in the line, and its tags."""
    answer = _tags_line.decode(json_lines.answer(tagger, line))
    return bytes(answer.id).decode(), {one.id for one in answer.topics if one.assigned}


def _moves(topics: list[str], before: set[str], after: set[str]) -> str:
    gained = (f"+{topic}" for topic in topics if topic in after - before)
    lost = (f"-{topic}" for topic in topics if topic in before - after)
    return " ".join((*gained, *lost))


def _table(
    topics: list[str], gained: Counter[str], lost: Counter[str]
) -> Iterator[str]:
    width = max(len(topic) for topic in topics)
    yield f"\n{'':{width}}  gained    lost"
    for topic in topics:
        yield f"{topic:{width}}  {gained[topic]:6}  {lost[topic]:6}"
