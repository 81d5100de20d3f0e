"""What the seeds lack: seeds of a topic, forms of spelling, words."""

from collections import Counter
from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np

from training.audit.findings import FORM, THIN, WORD, Finding
from training.inspect_seeds import spelling_form
from training.seed_files import read_counts
from training.seeds import SeedSet

FLOOR = 100  # seeds a topic; with fewer its evaluation is mostly chance
OUT_OF_BALANCE = 2.0  # times as many as elsewhere, or as few
_BEYOND_CHANCE = 4.0  # standard deviations
FREQUENT = 30  # articles of the background that hold a word


def thin_topics(seed_set: SeedSet) -> Iterator[Finding]:
    """Topics that fewer than `FLOOR` seeds carry."""
    counts = Counter(topic for seed in seed_set.seeds for topic in seed.topics)
    for topic in seed_set.topics:
        if counts[topic.id] < FLOOR:
            yield Finding(
                f"{THIN} {topic.id}", f"{counts[topic.id]} seeds of {FLOOR} carry it"
            )


def unbalanced_forms(seed_set: SeedSet) -> Iterator[Finding]:
    """Forms that a topic's texts are typed in much more or less than the others'."""
    written = [seed for seed in seed_set.seeds if seed.text]
    forms = [spelling_form(seed.text) for seed in written]
    for topic in seed_set.topics:
        carries = [topic.id in seed.topics for seed in written]
        inside = Counter(
            form for form, inside in zip(forms, carries, strict=True) if inside
        )
        outside = Counter(forms) - inside
        for form in sorted(set(forms)):
            if _differs(
                (inside[form], inside.total()), (outside[form], outside.total())
            ):
                yield Finding(
                    f"{FORM} {topic.id} {form}",
                    f"{inside[form]} of {inside.total()} with the topic, "
                    f"{outside[form]} of {outside.total()} without it",
                )


def _differs(one: tuple[int, int], other: tuple[int, int]) -> bool:
    """Whether two shares differ much, and more than by chance."""
    if not one[1] or not other[1]:
        return False
    share, expected = one[0] / one[1], other[0] / other[1]
    much = max(share, expected) > OUT_OF_BALANCE * min(share, expected)
    pooled = (one[0] + other[0]) / (one[1] + other[1])
    deviation = np.sqrt(pooled * (1 - pooled) * (1 / one[1] + 1 / other[1]))
    return bool(much and abs(share - expected) > _BEYOND_CHANCE * deviation)


def unheld_words(words: Iterable[str], background: Path) -> Iterator[Finding]:
    """Words that are frequent in a background and in no seed.

    Background words are cut at spaces and non-joiners, seeds' words joined again: a
    word counts as held where a seed's word begins or ends with it.
    """
    held: set[str] = set()
    for word in words:
        held.update(word[:end] for end in range(1, len(word) + 1))
        held.update(word[start:] for start in range(1, len(word)))
    for word, articles in read_counts(background).items():
        if articles >= FREQUENT and word not in held:
            yield Finding(f"{WORD} {word}", f"in {articles} articles")
