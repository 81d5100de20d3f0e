"""Seeds, the labelled articles and passages that training learns from."""

import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from service.tagging.topics import Topic
from training.seed_files import (
    SeedError,
    files_in,
    line_of,
    read_counts,
    read_front_matter,
    read_json_lines,
    read_names,
    read_text,
    read_toml,
    require_keys,
    require_letters,
)

_SUFFIXES = (".toml", ".md", ".jsonl", ".tsv", ".txt")
_NOT_LEARNED = ("README.md", "audited.toml", "background.tsv")
_LEARNED = ("topics.toml", "articles", "passages", "counted", "joined.tsv", "names.txt")
_TOPIC_ID = re.compile(r"[a-z][a-z0-9_]*")
_TAKEN = ("articles", "macro", "micro", "scores")  # names in a model's figures


@dataclass(frozen=True, slots=True)
class Seed:
    """A labelled article or passage.

    Attributes:
        title: The headline; empty for a passage.
        text: The text; empty for a counted seed.
        topics: Ids of the topics it carries.
        borderline: Ids of topics that are only named: learned neither way.
        whole: Whether it is an article, of which some passage carries each topic,
            rather than one passage.
        counted: For a counted seed, how often each canonical word stands in each of
            its passages; empty otherwise.
        kind: What it is an example of, in a few words.
        place: Its file and line.
        article: For a counted seed, the digest of the article it was counted from.
        carrying: For a counted seed, by topic, the places of the passages that carry
            it by themselves; nothing of a topic whose passages are not marked.
        ungraded: Ids of topics that nobody has asked for: learned neither way.
    """

    title: str
    text: str
    topics: frozenset[str]
    borderline: frozenset[str]
    whole: bool
    counted: tuple[dict[str, int], ...]
    kind: str
    place: str
    article: str = ""
    carrying: Mapping[str, tuple[int, ...]] = field(default_factory=dict)
    ungraded: frozenset[str] = frozenset()

    @property
    def digest(self) -> int:
        """A number that stays the seed's own however many others there are."""
        counted_from = [self.article] if self.article else []
        content = json.dumps([self.title, self.text, counted_from])
        return int(hashlib.sha256(content.encode()).hexdigest()[:12], 16)


@dataclass(frozen=True, slots=True)
class SeedSet:
    """All seeds of a folder, in the order of its files.

    Attributes:
        topics: The taxonomy, in the order of `topics.toml`.
        seeds: Every seed.
        digest: SHA-256 of the folder's files, 16 hexadecimal digits.
        joined: Words of `joined.tsv`, spelled with a non-joiner.
        names: Names of `names.txt`, each of two or three words.
        folder: Where they were read.
    """

    topics: tuple[Topic, ...]
    seeds: tuple[Seed, ...]
    digest: str
    joined: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    folder: Path = Path()


def read_seeds(folder: Path) -> SeedSet:
    """Read a folder of seeds.

    Raises:
        SeedError: The first thing found wrong.
    """
    # First: what is written to a seed meanwhile must not count as learned.
    digest_before = digest(folder)
    _refuse_others(folder)
    topics = read_topics(folder / "topics.toml")
    known = frozenset(topic.id for topic in topics)
    seeds: list[Seed] = []
    seeds.extend(_article(path, known) for path in files_in(folder / "articles", ".md"))
    for path in files_in(folder / "passages", ".jsonl"):
        seeds.extend(_passages(path, known))
    for path in files_in(folder / "counted", ".jsonl"):
        seeds.extend(_counted(path, known))
    _refuse_duplicates(seeds)
    if not seeds:
        raise SeedError(folder, 1, "it holds no seed", "add passages or articles")
    joined = read_counts(folder / "joined.tsv")
    names = read_names(folder / "names.txt")
    return SeedSet(topics, tuple(seeds), digest_before, tuple(joined), names, folder)


def digest(folder: Path) -> str:
    """The digest of a folder's seed files, by name and content."""
    total = hashlib.sha256()
    for path in sorted(folder.rglob("*")):
        name = path.relative_to(folder)
        if _is_learned(name) and path.is_file():
            total.update(f"{name}\0".encode())
            total.update(path.read_bytes())
    return total.hexdigest()[:16]


def _is_learned(name: Path) -> bool:
    """Whether a file is read by its name: editors and killed commands leave others."""
    hidden = any(part.startswith(".") for part in name.parts)
    return name.suffix in _SUFFIXES and name.name not in _NOT_LEARNED and not hidden


def read_topics(path: Path) -> tuple[Topic, ...]:
    """Read the taxonomy.

    Raises:
        SeedError: It is not TOML, or a topic lacks a key or has an unusable id.
    """
    content = read_text(path)
    keys = ("fa", "en", "covers", "excludes")
    topics = []
    for topic_id, entry in read_toml(path, content).items():
        line = line_of(topic_id, content)
        if not isinstance(entry, dict) or not _is_usable(topic_id):
            raise SeedError(
                path,
                line,
                f"{topic_id!r} is no topic",
                "write a table [id] of lower-case letters and underscores, not one of "
                f"{', '.join(_TAKEN)}",
            )
        require_keys(path, line, entry, keys)
        if not all(isinstance(value, str) for value in entry.values()):
            raise SeedError(path, line, "a value is no string", "write strings")
        topics.append(Topic(topic_id, *(entry[key] for key in keys)))
    if not topics:
        raise SeedError(path, 1, "it holds no topic", "write one table for each")
    return tuple(topics)


def _is_usable(topic_id: str) -> bool:
    return _TOPIC_ID.fullmatch(topic_id) is not None and topic_id not in _TAKEN


def _topics(
    path: Path, line: int, found: object, known: frozenset[str]
) -> frozenset[str]:
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise SeedError(
            path, line, "topics are no list of ids", 'write ["id", …] or []'
        )
    for topic in found:
        if topic not in known:
            raise SeedError(
                path,
                line,
                f"{topic!r} is no topic",
                f"use one of {', '.join(sorted(known))}, or add it to topics.toml",
            )
    return frozenset(found)


def _article(path: Path, known: frozenset[str]) -> Seed:
    front, body = read_front_matter(path)
    entry = read_toml(path, front, 1)
    require_keys(path, 1, entry, ("topics", "source", "written"))
    line = front.count("\n") + 4  # after two fences
    title, _, text = "\n".join(body).strip().partition("\n")
    if not text.strip():
        raise SeedError(
            path,
            line,
            "title or text is empty",
            "write the title on a line of its own, then the text",
        )
    require_letters(path, line, text)
    return Seed(
        title=title.strip(),
        text=text.strip(),
        topics=_topics(path, line_of("topics", front, 1), entry["topics"], known),
        borderline=frozenset(),
        whole=True,
        counted=(),
        kind="article",
        place=f"{path}, line {line}",
    )


def _passages(path: Path, known: frozenset[str]) -> Iterator[Seed]:
    for line, entry in read_json_lines(path):
        require_keys(path, line, entry, ("text", "topics", "kind"))
        if not isinstance(entry["text"], str) or not isinstance(entry["kind"], str):
            raise SeedError(path, line, "text or kind is no string", "write strings")
        require_letters(path, line, entry["text"])
        yield Seed(
            title="",
            text=entry["text"],
            topics=_topics(path, line, entry["topics"], known),
            borderline=frozenset(),
            whole=False,
            counted=(),
            kind=entry["kind"],
            place=f"{path}, line {line}",
        )


def _counted(path: Path, known: frozenset[str]) -> Iterator[Seed]:
    for line, entry in read_json_lines(path):
        keys = ("article", "topics", "borderline", "passages")
        require_keys(path, line, entry, keys, ("graded", "carrying"))
        passages = entry["passages"]
        if not isinstance(passages, list) or not passages:
            raise SeedError(path, line, "it has no passages", "count the article again")
        for passage in passages:
            if not isinstance(passage, dict) or not _are_counts(passage):
                raise SeedError(
                    path, line, "a passage is no word counts", "count the article again"
                )
        topics = _topics(path, line, entry["topics"], known)
        borderline = _topics(path, line, entry["borderline"], known)
        graded = _topics(path, line, entry.get("graded", [*known]), known)
        if not topics | borderline <= graded:
            raise SeedError(
                path,
                line,
                "it has a topic that it was not graded for",
                "count the article again",
            )
        carrying = entry.get("carrying", {})
        if not _are_places(carrying, topics, len(passages)):
            raise SeedError(
                path,
                line,
                "carrying names no passage, or no topic, of the article",
                "count the article again",
            )
        yield Seed(
            title="",
            text="",
            topics=topics,
            borderline=borderline,
            whole=True,
            counted=tuple(passages),
            kind="counted",
            place=f"{path}, line {line}",
            article=str(entry["article"]),
            carrying={topic: tuple(places) for topic, places in carrying.items()},
            ungraded=known - graded,
        )


def _are_counts(passage: dict[str, Any]) -> bool:
    return bool(passage) and all(
        word and isinstance(times, int) and times > 0 for word, times in passage.items()
    )


def _are_places(carrying: object, topics: frozenset[str], n_passages: int) -> bool:
    return isinstance(carrying, dict) and all(
        topic in topics
        and isinstance(places, list)
        and places
        and all(type(one) is int and 0 <= one < n_passages for one in places)
        for topic, places in carrying.items()
    )


def _refuse_others(folder: Path) -> None:
    """Make sure that no seed stands where it would never be read."""
    for path in sorted(folder.glob("[!.]*")):
        if path.name not in _LEARNED + _NOT_LEARNED:
            raise SeedError(
                path,
                1,
                "nothing reads it",
                "move seeds to articles/, passages/ or counted/, or take it out",
            )


def _refuse_duplicates(seeds: list[Seed]) -> None:
    places: dict[int, str] = {}
    for seed in seeds:
        # A passage and an article of the same words are duplicates as well.
        letters = "".join(f"{seed.title}{seed.text}".split()) or seed.article
        key = int(hashlib.sha256(letters.encode()).hexdigest()[:16], 16)
        if key in places:
            file, _, line = seed.place.rpartition(", line ")
            raise SeedError(
                Path(file),
                int(line),
                f"the same text stands at {places[key]}",
                "drop one",
            )
        places[key] = seed.place
