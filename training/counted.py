"""Counted seeds: articles one may learn from but not keep.

Of an article only its passages' word counts stay: words in alphabetical order, no
pairs, no order, no text, and the passages shuffled; and a digest of the article, by
which the seed is known however its words are counted.
"""

import json
import random
import tempfile
from pathlib import Path

from training.compounds import reading_of
from training.corpus import BORDERLINE, CARRIED, count_passages
from training.gold import Graded, read_gold
from training.seeds import read_seeds


def count_articles(seeds_folder: Path, source: Path, target: Path) -> int:
    """Write graded articles as counted seeds.

    Args:
        seeds_folder: Whose topics and spelling of compounds are used.
        source: Graded articles, as `gold.read_gold` reads them.
        target: The file to write, whole or not at all.

    Returns:
        How many articles have words.
    """
    seed_set = read_seeds(seeds_folder)
    graded = read_gold(source, [topic.id for topic in seed_set.topics])
    reading = reading_of(seed_set)
    lines = {}
    for one in graded:
        digest = one.digest
        passages = count_passages(one.article.title, one.article.text, reading)
        # Nothing secret, but the same article always gives the same seed.
        random.Random(digest).shuffle(passages)  # noqa: S311
        if passages:
            lines[digest] = _line(digest, one, passages)
    _write(target, [lines[digest] for digest in sorted(lines)])
    return len(lines)


def _line(digest: str, graded: Graded, passages: list[dict[str, int]]) -> str:
    def with_grade(wanted: int) -> list[str]:
        return [topic for topic, grade in graded.grades.items() if grade == wanted]

    entry = {
        "article": digest,
        "topics": with_grade(CARRIED),
        "borderline": with_grade(BORDERLINE),
        "passages": passages,
    }
    return json.dumps(entry, ensure_ascii=False, separators=(",", ":"))


def _write(target: Path, lines: list[str]) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    # A folder of its own: what is left of a failure goes with it.
    with tempfile.TemporaryDirectory(dir=target.parent, prefix=".new-") as folder:
        beside = Path(folder) / target.name
        beside.write_text("".join(f"{line}\n" for line in lines), "utf-8")
        beside.replace(target)
