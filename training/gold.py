"""Articles whose topics an editor graded, to score tags against."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.tagging.tagger import Article
from training.corpus import ABSENT, CARRIED
from training.seeds import Seed

_GROUPED_BY = ("slice", "half")
# What JSON raises that is none, is nested too deeply or holds something else.
_UNUSABLE = (ValueError, RecursionError, KeyError, TypeError, AttributeError)


class GoldError(Exception):
    """A file of articles that cannot be used."""


@dataclass(frozen=True, slots=True)
class Graded:
    """An article with an editor's grade for each topic.

    Attributes:
        article: The article.
        grades: 2 carried, 1 borderline (counted neither way), 0 absent, by topic id.
        groups: Values to report apart, such as its slice and half.
        id: What reports call it.
        carrying: By topic, sentences of the article that carry it by themselves, all
            of them; nothing of a topic whose sentences are not marked.
    """

    article: Article
    grades: Mapping[str, int]
    groups: tuple[str, ...]
    id: str = ""
    carrying: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        """What a counted seed that was made of the article is known by."""
        content = f"{self.article.title}\n{self.article.text}"
        # Half a surrogate pair, as cut emoji leave it, is a break in the text, no more.
        encoded = content.encode("utf-8", "surrogatepass")
        return hashlib.sha256(encoded).hexdigest()[:12]


def read_gold(path: Path, topics: Sequence[str]) -> list[Graded]:
    """Read graded articles.

    They are JSON lines with text, grades, and optionally id, title, slice, half and
    carrying. With no topics, neither grades nor carrying are asked for.

    Raises:
        GoldError: The file or one of its lines cannot be used.
    """
    try:
        lines = path.read_text("utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise GoldError(f"{path} cannot be read: {error}") from error
    graded = [
        _graded(path, number, line, topics)
        for number, line in enumerate(lines, 1)
        if line.strip()
    ]
    if not graded:
        raise GoldError(f"{path} holds no article")
    return graded


def _graded(path: Path, number: int, line: str, topics: Sequence[str]) -> Graded:
    try:
        entry = json.loads(line)
        grades = {topic: _grade(entry["grades"][topic]) for topic in topics}
        article = Article(_string(entry.get("title") or ""), _string(entry["text"]))
    except _UNUSABLE as error:
        asked = f" and a grade of 0, 1 or 2 for each of {', '.join(topics)}"
        raise GoldError(
            f"{path}, line {number}: write an object with text{asked if topics else ''}"
            f" ({error!r})"
        ) from error
    try:
        carrying = _carrying(entry.get("carrying") or {}, grades, article)
    except (ValueError, TypeError) as error:
        raise GoldError(
            f"{path}, line {number}: {error}; carrying has topics of grade 2, each "
            "with a list of sentences of the article, letter for letter"
        ) from error
    name = str(entry.get("id", number))
    return Graded(article, grades, _groups(entry), name, carrying)


def _grade(value: object) -> int:
    if value not in (0, 1, 2):
        raise ValueError(f"{value!r} is no grade")
    return int(str(value))


def _carrying(
    found: object, grades: Mapping[str, int], article: Article
) -> dict[str, tuple[str, ...]]:
    if not isinstance(found, dict):
        raise TypeError("carrying is no object")
    if not grades:  # nor are they asked for
        return {}
    for topic, sentences in found.items():
        if grades.get(topic) != CARRIED:
            raise ValueError(f"{topic!r} is no topic of grade 2")
        if not isinstance(sentences, list) or not sentences:
            raise TypeError(f"{topic!r} has no list of sentences")
        for sentence in map(_string, sentences):
            if not sentence or sentence not in f"{article.title}\n{article.text}":
                raise ValueError(f"{sentence!r} is no sentence of the article")
    return {topic: tuple(sentences) for topic, sentences in found.items()}


def _string(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no string")
    return value


def _groups(entry: Mapping[str, Any]) -> tuple[str, ...]:
    """The article's slice, its half, and both together where it has both."""
    found = [key for key in _GROUPED_BY if key in entry]
    groups = [f"{key} {entry[key]}" for key in found]
    if len(found) > 1:
        groups.append(" ".join(str(entry[key]) for key in found))
    return tuple(groups)


def as_graded(seeds: Iterable[Seed], topics: Sequence[str]) -> list[Graded]:
    """Seeds that have a text, as graded articles."""
    return [
        Graded(
            Article(seed.title, seed.text),
            {topic: CARRIED if topic in seed.topics else ABSENT for topic in topics},
            ("articles" if seed.whole else "passages",),
            seed.place,
        )
        for seed in seeds
        if seed.text
    ]
