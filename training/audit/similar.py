"""Seeds that say nearly the same: near-duplicates and contradictions.

MinHash of the rarer words finds the pairs worth comparing, in time that grows with
the seeds rather than with their pairs; their cosine over TF-IDF weighted words decides.
"""

from collections.abc import Iterator

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfTransformer

from training.audit.findings import (
    CONTRADICTION,
    DUPLICATE,
    Finding,
    excerpt,
    short_digest,
)
from training.corpus import ABSENT, CARRIED, Corpus
from training.seeds import Seed, SeedSet

# Below it stand reports of the same kind on other days, with other figures (digits
# are all one in words).
NEARLY_THE_SAME = 0.9
# Different topics are worth a look at texts that differ more.
CLOSE = 0.7
_SHORTEST = 5  # rarer words; less is too little to compare
_COMMON = 0.05  # of the units hold a word: it tells nothing about likeness
# A pair of which 40 % of the words agree is found 93 times in 100.
_BANDS, _BAND = 40, 3
_COMPARED_AT_ONCE = 50_000


def similar_seeds(seed_set: SeedSet, corpus: Corpus) -> Iterator[Finding]:
    """Near-duplicates, and pairs that are close and have different topics."""
    seeds = seed_set.seeds
    for first, second, likeness in similar_pairs(seeds, corpus):
        pair = sorted([seeds[first], seeds[second]], key=short_digest)
        digests = " ".join(map(short_digest, pair))
        text = "\n    ".join([f"cosine {likeness:.2f}", *map(_line, pair)])
        against = _contradicting(corpus, first, second)
        if against.any():
            ids = [topic.id for topic in seed_set.topics]
            names = " ".join(ids[topic] for topic in np.flatnonzero(against))
            yield Finding(f"{CONTRADICTION} {digests} {names}", text)
        elif likeness >= NEARLY_THE_SAME:
            yield Finding(f"{DUPLICATE} {digests}", text)


def _line(seed: Seed) -> str:
    topics = ", ".join(sorted(seed.topics)) or "no topic"
    return f"{seed.place} ({topics}) {excerpt(seed)}".rstrip()


def _contradicting(corpus: Corpus, first: int, second: int) -> NDArray[np.bool_]:
    """Topics that one of two like seeds carries and the other does not.

    A passage of an article need not carry what the article does.
    """
    grades = corpus.grades[[first, second]]
    differs = (grades.max(axis=0) == CARRIED) & (grades.min(axis=0) == ABSENT)
    if corpus.whole[first] != corpus.whole[second]:
        passage = second if corpus.whole[first] else first
        differs &= corpus.grades[passage] == CARRIED
    return np.asarray(differs)


def similar_pairs(
    seeds: tuple[Seed, ...], corpus: Corpus
) -> Iterator[tuple[int, int, float]]:
    """Pairs of seeds at least `CLOSE`, in their order, each once."""
    units, owner = _units(seeds, corpus)
    documents = units.getnnz(axis=0)
    rarer = units[:, np.flatnonzero(documents <= max(_COMMON * units.shape[0], 2))]
    telling = np.flatnonzero(rarer.getnnz(axis=1) >= _SHORTEST)
    if not len(telling):
        return
    pairs = _candidates(rarer[telling].tocsr())
    cosines = _cosines(units[telling].tocsr(), pairs)
    found: dict[tuple[int, int], float] = {}
    for (first, second), cosine in zip(
        owner[telling][pairs].tolist(), cosines, strict=True
    ):
        if first != second and cosine >= CLOSE:
            found[first, second] = max(cosine, found.get((first, second), 0.0))
    for pair, cosine in sorted(found.items()):
        yield *pair, cosine


def _units(
    seeds: tuple[Seed, ...], corpus: Corpus
) -> tuple[sp.csr_matrix, NDArray[np.int64]]:
    """What is compared: passages, and counted articles as one.

    Returns:
        Word counts, one row a unit, and the seed of each.
    """
    counted = np.array([bool(seed.counted) for seed in seeds])[corpus.owner]
    # A counted article's passages share the number of its first one.
    first = np.searchsorted(corpus.owner, corpus.owner)
    unit = np.where(counted, first, np.arange(len(counted)))
    numbers, place = np.unique(unit, return_inverse=True)
    shape = (len(numbers), len(unit))
    together = sp.csr_matrix((np.ones(len(unit)), (place, np.arange(len(unit)))), shape)
    return (together @ corpus.counts).tocsr(), corpus.owner[numbers]


def _candidates(units: sp.csr_matrix) -> NDArray[np.int64]:
    """Pairs that agree in all of one band of minimal hashes, shape (pairs, 2)."""
    random = np.random.default_rng(0)
    n_units, n_words = units.shape
    buckets = []
    for band in range(_BANDS):
        key = np.full(n_units, band, np.int64)
        for _ in range(_BAND):
            ranks = random.permutation(n_words)[units.indices]
            lowest = np.minimum.reduceat(ranks, units.indptr[:-1])
            key = np.unique(key * n_words + lowest, return_inverse=True)[1]
        buckets.append(key + band * n_units)
    columns = np.unique(np.concatenate(buckets), return_inverse=True)[1]
    rows = np.tile(np.arange(n_units), _BANDS)
    held = sp.csr_matrix((np.ones(len(rows), np.int32), (rows, columns)))
    together = sp.triu(held @ held.T, 1).tocoo()
    return np.column_stack([together.row, together.col]).astype(np.int64)


def _cosines(units: sp.csr_matrix, pairs: NDArray[np.int64]) -> list[float]:
    weighted = TfidfTransformer(sublinear_tf=True).fit_transform(units)
    cosines: list[float] = []
    for start in range(0, len(pairs), _COMPARED_AT_ONCE):
        first, second = pairs[start : start + _COMPARED_AT_ONCE].T
        product = weighted[first].multiply(weighted[second])
        cosines.extend(np.asarray(product.sum(axis=1)).ravel().tolist())
    return cosines
