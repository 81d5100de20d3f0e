"""Topics that seeds probably have wrongly, or wrongly lack.

Models fitted without a seed score it; cleanlab's confident learning compares the
scores with the topics given, and those far apart are worth an editor's time.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.audit.findings import Finding, excerpt, short_digest, topic_key
from training.calibration import summarise
from training.corpus import ABSENT, BORDERLINE, CARRIED, Corpus
from training.pipeline import Blocks, LinearModel, build_blocks, fit_topic
from training.seeds import SeedSet

FOLDS = 3  # fewer than in calibration, for speed
DOUBTED = 0.1  # probability of what the seed says; above it an editor mostly agrees
_STRONGEST = 8  # words shown
_REGULARISATION = 10.0


@dataclass(frozen=True, eq=False)
class Unseen:
    """What models say of seeds they have not seen, for one topic.

    Attributes:
        values: Shape (passages,): decision values.
        models: One for each fold, which it has not seen.
    """

    values: NDArray[np.float64]
    models: list[LinearModel]


def doubtful_topics(seed_set: SeedSet, corpus: Corpus) -> Iterator[Finding]:
    """A finding for each seed and topic in doubt, the most doubtful first."""
    topics = [
        topic for topic in range(len(seed_set.topics)) if _can_be_split(corpus, topic)
    ]
    if not topics:
        return
    blocks = build_blocks(corpus)
    rows = blocks.rows(corpus.counts)
    for topic in topics:
        unseen = _score(rows, corpus, topic)
        scores = _probabilities(unseen.values, corpus, topic)
        for number in _doubted(scores, corpus.grades[:, topic]):
            seed = seed_set.seeds[number]
            given = bool(corpus.grades[number, topic] == CARRIED)
            strongest = _strongest_words(unseen, corpus, blocks, number)
            lines = [
                f"{seed.place}: score {scores[number]:.2f}, {', '.join(strongest)}",
                excerpt(seed),
            ]
            yield Finding(
                topic_key(short_digest(seed), seed_set.topics[topic].id, given=given),
                "\n    ".join(filter(None, lines)),
            )


def _can_be_split(corpus: Corpus, topic: int) -> bool:
    """Whether seeds with and without the topic remain when any fold is left out."""
    grades, fold = corpus.grades[:, topic], corpus.fold % FOLDS
    return all(
        np.unique(fold[grades == wanted]).size > 1 for wanted in (CARRIED, ABSENT)
    )


def _score(rows: sp.csr_matrix, corpus: Corpus, topic: int) -> Unseen:
    fold = corpus.fold % FOLDS
    values = np.empty(rows.shape[0])
    models = []
    for left_out in range(FOLDS):
        model = fit_topic(rows, corpus, topic, fold != left_out)
        unseen = np.flatnonzero(fold[corpus.owner] == left_out)
        values[unseen] = model.decide(rows[unseen])
        models.append(model)
    return Unseen(values, models)


def _probabilities(
    values: NDArray[np.float64], corpus: Corpus, topic: int
) -> NDArray[np.float64]:
    """The probability that each seed carries the topic; NaN where nothing tells.

    Articles and passages are calibrated apart: an article is judged by its best
    passage, which is higher the more it has.
    """
    features = summarise(values, corpus.n_words, corpus.owner, corpus.n_seeds)
    grades = corpus.grades[:, topic]
    scores = np.full(corpus.n_seeds, np.nan)
    for whole in (True, False):
        judged = corpus.whole == whole
        usable = judged & (grades != BORDERLINE)
        if np.unique(grades[usable]).size > 1:
            regression = LogisticRegression(C=_REGULARISATION, max_iter=1000)
            regression.fit(features[usable], grades[usable] == CARRIED)
            scores[judged] = regression.predict_proba(features[judged])[:, 1]
    return scores


def _doubted(
    scores: NDArray[np.float64], grades: NDArray[np.int8]
) -> NDArray[np.int64]:
    """Seeds whose topic is in doubt, the most doubtful first."""
    usable = np.flatnonzero((grades != BORDERLINE) & np.isfinite(scores))
    carried = (grades[usable] == CARRIED).astype(int)
    if np.unique(carried).size < 2:  # noqa: PLR2004
        return np.empty(0, np.int64)
    # It takes seconds to import, which other commands need not wait for.
    from cleanlab.filter import find_label_issues  # noqa: PLC0415

    probabilities = np.column_stack([1 - scores[usable], scores[usable]])
    ranked = find_label_issues(
        carried,
        probabilities,
        filter_by="confident_learning",
        return_indices_ranked_by="self_confidence",
        n_jobs=1,
    )
    confidence = probabilities[ranked, carried[ranked]]
    return np.asarray(usable[ranked[confidence < DOUBTED]])


def _strongest_words(
    unseen: Unseen, corpus: Corpus, blocks: Blocks, number: int
) -> list[str]:
    """The words that speak most for the topic in a seed's best passage."""
    passages = np.flatnonzero(corpus.owner == number)
    best = passages[np.argmax(unseen.values[passages])]
    words = corpus.counts[best].indices
    model = unseen.models[corpus.fold[number] % FOLDS]
    weights = blocks.weighted[words] @ model.coefficients
    weights *= corpus.counts[best].data
    order = np.argsort(-weights)[:_STRONGEST]
    return [corpus.words[word] for word in words[order]]
