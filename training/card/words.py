"""The words that speak most for a topic, and most against it."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.tagging import features, kernel
from service.tagging.kernel import KEY, Reading
from training.card.material import CardMaterial
from training.compounds import NON_JOINER
from training.seeds import Seed

MOST = 18  # words either way
# A word of fewer passages may owe its weight to one of them.
MIN_PASSAGES = 10
_CAREFUL = 10  # how many times a careless spelling stands for one careful one
_ARABIC_LETTERS = re.compile("[\u064a\u0643]")  # yeh and kaf of Arabic keyboards


class Word(NamedTuple):
    """A word as seeds spell it.

    Attributes:
        word: Its letters.
        log_odds: Its share of the score of a passage of usual length that holds it
            once, in log-odds.
        passages: How many passages hold it.
    """

    word: str
    log_odds: float
    passages: int


@dataclass(frozen=True, slots=True)
class TopicWords:
    """The strongest words of one topic, the strongest first."""

    speak_for: list[Word]
    speak_against: list[Word]


def strongest_words(material: CardMaterial) -> list[TopicWords]:
    """The strongest words of every topic."""
    corpus = material.corpus
    passages = np.asarray(corpus.counts.getnnz(axis=0))
    least = min(MIN_PASSAGES, int(passages.max()))
    known = [
        place
        for place in np.flatnonzero(passages >= least).tolist()
        if corpus.words[place].isalpha()
    ]
    pull = _log_odds(material)[known]
    chosen = [_chosen(pull[:, topic]) for topic in range(pull.shape[1])]
    wanted = {corpus.words[known[row]] for one in chosen for row in chain(*one)}
    spelled = _spellings(wanted, material.seed_set.seeds, material.model.reading)

    def words(rows: Sequence[int], topic: int) -> list[Word]:
        return [
            Word(
                spelled[corpus.words[known[row]]],
                float(pull[row, topic]),
                int(passages[known[row]]),
            )
            for row in rows
        ]

    return [
        TopicWords(words(highest, topic), words(lowest, topic))
        for topic, (highest, lowest) in enumerate(chosen)
    ]


def _chosen(pull: NDArray[np.float64]) -> tuple[list[int], list[int]]:
    order = np.argsort(-pull, kind="stable").tolist()
    highest = [row for row in order[:MOST] if pull[row] > 0]
    lowest = [row for row in order[: -MOST - 1 : -1] if pull[row] < 0]
    return highest, lowest


def _log_odds(material: CardMaterial) -> NDArray[np.float64]:
    """Shape (words of the corpus, topics)."""
    corpus, weights = material.corpus, material.model.weights
    slots = {key: slot for slot, key in enumerate(weights.words[:, KEY].tolist())}
    n_topics = len(weights.intercepts)
    rows = features.weights_of(weights.words, n_topics + 1).astype(np.float64)
    table = rows[[slots[features.key_of(word)] for word in corpus.words]]
    squared_norms = table[:, n_topics]
    squared = corpus.counts.multiply(corpus.counts) @ squared_norms
    usual = float(np.median(squared[squared > 0]))
    of_best_passage = weights.calibration[:, 0]
    norms = np.sqrt(usual + squared_norms)
    return np.asarray(table[:, :n_topics] / norms[:, np.newaxis] * of_best_passage)


def _spellings(
    wanted: set[str], seeds: Sequence[Seed], reading: Reading
) -> dict[str, str]:
    """A spelling of each canonical word; itself where it is only counted."""
    found: dict[str, Counter[str]] = {word: Counter() for word in wanted}
    for seed in seeds:
        together = f"{seed.title}\n{seed.text}"
        _, words, letters = kernel.read_words(
            features.code_points(together), len(seed.title), reading
        )
        starts, ends = words["start"].tolist(), words["end"].tolist()
        spelled = features.spelled(words, letters)
        for word, start, end in zip(spelled, starts, ends, strict=True):
            if word in found:
                found[word][together[start:end]] += 1
    return {word: _most_readable(word, counts) for word, counts in found.items()}


def _most_readable(word: str, counts: Counter[str]) -> str:
    """The most frequent spelling, unless a more careful one is not rare."""

    def weight(spelling: str) -> float:
        careful = _CAREFUL if NON_JOINER in spelling else 1
        careless = _CAREFUL if _ARABIC_LETTERS.search(spelling) else 1
        return counts[spelling] * careful / careless

    return min(counts, key=lambda one: (-weight(one), one), default=word)
