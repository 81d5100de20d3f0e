"""Counted seeds: articles one may learn from but not keep.

Of an article only its passages' word counts stay: words in alphabetical order, no
pairs, no order, no text, and the passages shuffled; which of them carry a topic, where
sentences are marked; and a digest of the article, by which the seed is known however
its words are counted.
"""

import json
import random
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.tagging import features, kernel
from service.tagging.kernel import Reading, Words
from training.compounds import reading_of
from training.corpus import BORDERLINE, CARRIED, count_passages
from training.gold import GoldError, Graded, read_gold
from training.seed_files import SeedError, read_json_lines
from training.seeds import read_seeds

type Marks = dict[tuple[str, str], set[int]]
"""The passages in which a sentence stands that carries a topic, by both."""


def count_articles(seeds_folder: Path, source: Path, target: Path) -> int:
    """Write graded articles as counted seeds.

    Args:
        seeds_folder: Whose topics and spelling of compounds are used.
        source: Graded articles, as `gold.read_gold` reads them.
        target: The file to write, whole or not at all.

    Returns:
        How many articles have words.

    Raises:
        GoldError: The graded articles, or sentences marked in them, cannot be used.
        SeedError: The seeds cannot be used, or the target holds what would be lost.
    """
    seed_set = read_seeds(seeds_folder)
    graded = read_gold(source, [topic.id for topic in seed_set.topics])
    reading = reading_of(seed_set)
    counted, unread = {}, []
    for one in graded:
        marks = _marks(one, reading)
        unread += [
            f"article {one.id}, {topic}: {sentence!r}"
            for (topic, sentence), places in marks.items()
            if not places
        ]
        passages = count_passages(one.article.title, one.article.text, reading)
        if passages:
            counted[one.digest] = _entry(one, passages, marks)
    if unread:
        raise GoldError(
            f"{source}: what is read as site furniture, or is no whole word, cannot be "
            "carrying; mark whole sentences, or take these out:\n" + "\n".join(unread)
        )
    _refuse_loss(target, counted)
    _write(target, [counted[digest] for digest in sorted(counted)])
    return len(counted)


def _entry(
    graded: Graded, passages: list[dict[str, int]], marks: Marks
) -> dict[str, Any]:
    def with_grade(wanted: int) -> list[str]:
        return [topic for topic, grade in graded.grades.items() if grade == wanted]

    order = list(range(len(passages)))
    # Nothing secret, but the same article always gives the same seed.
    random.Random(graded.digest).shuffle(order)  # noqa: S311
    entry = {
        "article": graded.digest,
        "graded": list(graded.grades),
        "topics": with_grade(CARRIED),
        "borderline": with_grade(BORDERLINE),
        "passages": [passages[place] for place in order],
    }
    carrying: dict[str, list[int]] = {}
    for topic in graded.carrying:
        places = set().union(*(at for (of, _), at in marks.items() if of == topic))
        carrying[topic] = [new for new, place in enumerate(order) if place in places]
    return entry | ({"carrying": carrying} if carrying else {})


def _marks(graded: Graded, reading: Reading) -> Marks:
    together = f"{graded.article.title}\n{graded.article.text}"
    _, words, _ = kernel.read_words(
        features.code_points(together), len(graded.article.title), reading
    )
    return {
        (topic, sentence): _places(sentence, together, words)
        for topic, sentences in graded.carrying.items()
        for sentence in sentences
    }


def _places(sentence: str, together: str, words: Words) -> set[int]:
    """The passages in which a sentence of a text stands, none for furniture."""
    places: set[int] = set()
    for found in re.finditer(re.escape(sentence), together):
        inside = (words["start"] >= found.start()) & (words["end"] <= found.end())
        places.update(words["passage"][inside].tolist())
    return places - {kernel.FURNITURE}


def _refuse_loss(target: Path, counted: Mapping[str, dict[str, Any]]) -> None:
    """Make sure that nothing is written over that only the target holds."""
    if not target.is_file():
        return
    lost = [
        line
        for line, before in read_json_lines(target)
        if (now := counted.get(str(before.get("article")))) is None
        or ("carrying" in before and "carrying" not in now)
    ]
    if lost:
        raise SeedError(
            target,
            lost[0],
            f"{len(lost)} seeds of other articles, or marks of these, would be lost",
            "write to another file, or remove this one",
        )


def _write(target: Path, entries: list[dict[str, Any]]) -> None:
    lines = (
        json.dumps(entry, ensure_ascii=False, separators=(",", ":"))
        for entry in entries
    )
    target.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own: what is left of a failure goes with it.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as folder:
        beside = Path(folder) / target.name
        beside.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        beside.replace(target)
