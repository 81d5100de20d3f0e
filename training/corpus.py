"""Seeds as the tagger reads them: passages as counts of words."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from service.tagging import features
from service.tagging.kernel import Reading
from training.seeds import Seed, SeedSet

CARRIED, BORDERLINE, ABSENT = 2, 1, 0
UNMARKED = 3  # some passage of the article carries the topic, who knows which
FOLDS = 5
_HELD_OUT_ONE_IN = 12


@dataclass(frozen=True, eq=False)
class Corpus:
    """Passages of many seeds.

    Attributes:
        words: The distinct canonical words, the columns of `counts`.
        counts: Sparse, shape (passages, words).
        owner: Shape (passages,): the seed that each passage belongs to.
        grades: Shape (seeds, topics): 2 carried, 1 borderline or never asked, 0 absent.
        passage_grades: Shape (passages, topics): the same of each passage by itself; 3
            where the article carries the topic and its passages are not marked, 1
            where others of its passages are.
        whole: Shape (seeds,): whether the seed is an article.
        fold: Shape (seeds,): 0 to FOLDS - 1, by the seed's digest.
    """

    words: list[str]
    counts: sp.csr_matrix
    owner: NDArray[np.int64]
    grades: NDArray[np.int8]
    passage_grades: NDArray[np.int8]
    whole: NDArray[np.bool_]
    fold: NDArray[np.int64]

    @property
    def n_seeds(self) -> int:
        """How many seeds there are."""
        return len(self.grades)

    @property
    def n_words(self) -> NDArray[np.float64]:
        """How many words each passage has."""
        return np.asarray(self.counts.sum(axis=1)).ravel()


def is_held_out(seed: Seed) -> bool:
    """Whether a seed is kept from training, to evaluate on; stable as seeds grow.

    A counted seed never is: the tagger tags text.
    """
    return bool(seed.text) and seed.digest % _HELD_OUT_ONE_IN == 0


def build_corpus(seed_set: SeedSet, seeds: Sequence[Seed], reading: Reading) -> Corpus:
    """Read seeds with the compiled pass that the tagger reads articles with."""
    column: dict[str, int] = {}
    indices: list[int] = []
    values: list[int] = []
    starts = [0]
    owner: list[int] = []
    grades = _grades(seed_set, seeds)
    passage_grades = []
    for place, seed in enumerate(seeds):
        passages = _passages(seed, reading)
        passage_grades.append(_marked(seed_set, seed, grades[place], len(passages)))
        for passage in passages:
            for word, times in passage.items():
                indices.append(column.setdefault(word, len(column)))
                values.append(times)
            starts.append(len(indices))
            owner.append(place)
    shape = (len(owner), len(column))
    return Corpus(
        words=list(column),
        counts=sp.csr_matrix((np.array(values, float), indices, starts), shape),
        owner=np.array(owner),
        grades=grades,
        passage_grades=np.concatenate(passage_grades),
        whole=np.array([seed.whole for seed in seeds]),
        fold=np.array([seed.digest // _HELD_OUT_ONE_IN % FOLDS for seed in seeds]),
    )


def count_passages(title: str, text: str, reading: Reading) -> list[dict[str, int]]:
    """The passages of an article as word counts, words in alphabetical order."""
    passages = features.passages(title, text, reading)
    return [dict(sorted(Counter(passage).items())) for passage in passages]


def _passages(seed: Seed, reading: Reading) -> Sequence[dict[str, int]]:
    if seed.counted:
        return seed.counted
    passages = count_passages(seed.title, seed.text, reading)
    if seed.whole or len(passages) < 2:  # noqa: PLR2004
        return passages
    together: Counter[str] = Counter()
    for passage in passages:
        together.update(passage)
    return [together]


def _marked(
    seed_set: SeedSet, seed: Seed, grades: NDArray[np.int8], n_passages: int
) -> NDArray[np.int8]:
    """The grades of a seed's passages."""
    marked = np.tile(grades, (n_passages, 1))
    if seed.whole:
        marked[marked == CARRIED] = UNMARKED
    for column, topic in enumerate(seed_set.topics):
        if topic.id in seed.carrying:
            marked[:, column] = BORDERLINE  # who marked may have passed one over
            marked[list(seed.carrying[topic.id]), column] = CARRIED
    return marked


def _grades(seed_set: SeedSet, seeds: Sequence[Seed]) -> NDArray[np.int8]:
    rows = [[_grade(seed, topic.id) for topic in seed_set.topics] for seed in seeds]
    return np.array(rows, np.int8)


def _grade(seed: Seed, topic: str) -> int:
    if topic in seed.topics:
        return CARRIED
    return BORDERLINE if topic in seed.borderline | seed.ungraded else ABSENT
