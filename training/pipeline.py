"""TF-IDF over words' blocks and one linear model for each topic.

A word's block is the word itself and its character n-grams. A passage is the sum of
its words' blocks, TF-IDF weighted with linear term frequency, divided by the root of
the sum over its distinct words of (count x norm of the block)^2, where the squared
norm of a block is the sum over its members of times x IDF^2. What a word weighs is
therefore a constant of the word, which is what lets `fold.py` fold it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.feature_extraction.text import CountVectorizer, TfidfTransformer
from sklearn.svm import LinearSVC

from service.tagging import features
from training.corpus import ABSENT, CARRIED, UNMARKED, Corpus

MIN_PASSAGES = 2  # a feature of fewer passages is dropped
WORD_SIGN = "="  # marks the word itself among the features of its block
C = 0.6
PASSAGE_WEIGHT = 0.3  # of a seed that is a passage, beside 1 for an article's
ROUNDS = 2  # of choosing the passages that carry the topics of whole articles


def block(word: str) -> list[str]:
    """The features of one canonical word: itself and its n-grams."""
    return [f"{WORD_SIGN}{word}", *features.ngrams(word).elements()]


@dataclass(frozen=True, eq=False)
class Blocks:
    """Words' blocks, TF-IDF weighted.

    Attributes:
        names: The features kept, the columns of `weighted`.
        idf: Shape (features,).
        weighted: Sparse, shape (words, features): times x IDF.
        squared_norms: Shape (words,): sum of times x IDF^2.
    """

    names: list[str]
    idf: NDArray[np.float64]
    weighted: sp.csr_matrix
    squared_norms: NDArray[np.float64]

    def rows(self, counts: sp.csr_matrix) -> sp.csr_matrix:
        """Passages as the linear models see them, shape (passages, features)."""
        squared = counts.multiply(counts) @ self.squared_norms
        scale = np.divide(
            1.0, np.sqrt(squared), out=np.zeros_like(squared), where=squared > 0
        )
        return (sp.diags(scale) @ (counts @ self.weighted)).tocsr()


def build_blocks(corpus: Corpus) -> Blocks:
    """Choose the features of a corpus and weigh the blocks of its words."""
    vectorizer = CountVectorizer(analyzer=block, dtype=np.float64)
    members = vectorizer.fit_transform(corpus.words)
    document_counts = corpus.counts @ members
    kept = np.flatnonzero(document_counts.getnnz(axis=0) >= MIN_PASSAGES)
    tfidf = TfidfTransformer(norm=None).fit(document_counts[:, kept])
    names = vectorizer.get_feature_names_out()[kept].tolist()
    return _weigh(names, np.asarray(tfidf.idf_), members[:, kept])


def blocks_of(words: Sequence[str], like: Blocks) -> Blocks:
    """The blocks of other words, with the features and IDF of blocks already built."""
    places = {name: place for place, name in enumerate(like.names)}
    vectorizer = CountVectorizer(analyzer=block, vocabulary=places, dtype=np.float64)
    return _weigh(like.names, like.idf, vectorizer.transform(words))


def _weigh(
    names: list[str], idf: NDArray[np.float64], members: sp.csr_matrix
) -> Blocks:
    weighted = (members @ sp.diags(idf)).tocsr()
    return Blocks(names, idf, weighted, np.asarray(members @ idf**2))


@dataclass(frozen=True, eq=False)
class LinearModel:
    """Decision values of passages for one topic."""

    coefficients: NDArray[np.float64]
    intercept: float

    def decide(self, rows: sp.csr_matrix) -> NDArray[np.float64]:
        """Shape (passages,)."""
        return np.asarray(rows @ self.coefficients) + self.intercept


def fit_topic(
    rows: sp.csr_matrix,
    corpus: Corpus,
    topic: int,
    learn_from: NDArray[np.bool_],
    rounds: int = ROUNDS,
) -> LinearModel:
    """Fit one topic's linear model.

    Every passage without the topic is a negative. Of an article that carries it some
    passages do. Where they are not marked, the one that scores highest and all others
    with a value above 0 are taken for them, and chosen again after each round; the rest
    of its passages, and borderline seeds, are left out.

    Args:
        rows: The passages, from `Blocks.rows`.
        corpus: The seeds that the passages belong to.
        topic: The column of the topic.
        learn_from: Shape (seeds,): the seeds that may be used.
        rounds: How often the passages of articles are chosen.
    """
    grades = corpus.passage_grades[:, topic]
    usable = learn_from[corpus.owner]
    carrying = np.flatnonzero(usable & ((grades == CARRIED) | (grades == UNMARKED)))
    negatives = np.flatnonzero(usable & (grades == ABSENT))
    owner = corpus.owner[carrying]
    certain = grades[carrying] == CARRIED
    # Cut out once: a passage that a round does not choose weighs nothing in it.
    learned = np.concatenate([carrying, negatives])
    rows = rows[learned]
    weights = np.where(corpus.whole[corpus.owner[learned]], 1.0, PASSAGE_WEIGHT)
    model = _fit(rows, weights, certain if certain.any() else ~certain)
    if certain.all():
        return model
    for _ in range(rounds):
        values = model.decide(rows[: len(owner)])
        looks_like_one = _best_of_each(values, owner) | (values > 0)
        model = _fit(rows, weights, certain | looks_like_one)
    return model


def _best_of_each(
    values: NDArray[np.float64], owner: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Where each owner's highest value stands."""
    order = np.lexsort((-values, owner))
    first = np.unique(owner[order], return_index=True)[1]
    best = np.zeros(len(owner), bool)
    best[order[first]] = True
    return best


def _fit(
    rows: sp.csr_matrix, weights: NDArray[np.float64], chosen: NDArray[np.bool_]
) -> LinearModel:
    """Fit on the chosen ones of the first rows, which carry the topic, and the rest."""
    targets = np.arange(rows.shape[0]) < len(chosen)
    weights = weights.copy()
    weights[: len(chosen)] *= chosen
    svc = LinearSVC(C=C, tol=1e-2, max_iter=1000, random_state=0)
    svc.fit(rows, targets, weights)
    return LinearModel(svc.coef_[0], float(svc.intercept_[0]))
