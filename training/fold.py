"""Folds the pipeline into the flat tables that the compiled pass reads."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.tagging import features, kernel
from service.tagging.kernel import Records, Weights
from training.calibration import Calibrated, Fitted
from training.pipeline import WORD_SIGN, Blocks, blocks_of


def fold(
    words: Sequence[str],
    blocks: Blocks,
    fitted: Sequence[Fitted],
    calibrated: Sequence[Calibrated],
) -> Weights:
    """Make tables of what words and n-grams weigh.

    Args:
        words: The words that get a row of their own, each once; any other word is
            summed from its n-grams when it is met.
        blocks: The features and their IDF.
        fitted: The linear model of each topic.
        calibrated: The calibration of each topic.
    """
    coefficients = np.column_stack([one.model.coefficients for one in fitted])
    known = blocks_of(words, blocks)
    # The frequent ones first: they are found at once.
    order = np.argsort(blocks.idf, kind="stable").tolist()
    rank = {blocks.names[at]: place for place, at in enumerate(order)}
    by_rank = sorted(
        range(len(words)), key=lambda at: rank.get(WORD_SIGN + words[at], len(rank))
    )
    weighted = known.weighted @ coefficients
    ngrams_at = [at for at in order if not blocks.names[at].startswith(WORD_SIGN)]
    idf = blocks.idf[ngrams_at]
    names = [blocks.names[at] for at in ngrams_at]
    rows = np.column_stack([idf[:, None] * coefficients[ngrams_at], idf**2])
    ngrams = _table(names, _with_shorter(names, rows))
    return Weights(
        words=_table(
            [words[at] for at in by_rank],
            np.column_stack([weighted, known.squared_norms])[by_rank],
        ),
        ngrams=ngrams,
        ngram_filter=features.key_filter(ngrams),
        intercepts=np.array([one.model.intercept for one in fitted]),
        calibration=np.array([one.coefficients for one in calibrated]),
    )


def _with_shorter(
    ngrams: Sequence[str], rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """The rows of n-grams, each with those added of the shorter ones it begins with."""
    places = {ngram: place for place, ngram in enumerate(ngrams)}
    for ngram in sorted(ngrams, key=len):
        if len(ngram) > kernel.SHORTEST_NGRAM:
            rows[places[ngram]] += rows[places[ngram[:-1]]]
    return rows


def _table(names: Sequence[str], rows: NDArray[np.float64]) -> Records:
    return features.record_table([features.key_of(name) for name in names], rows)
