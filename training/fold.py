"""Folds the pipeline into the flat tables that the compiled pass reads."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.tagging import features, kernel
from service.tagging.kernel import Slots, Weights
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
    # The frequent ones side by side: they stay in the processor's cache.
    order = np.argsort(blocks.idf, kind="stable").tolist()
    is_ngram = [at for at in order if not blocks.names[at].startswith(WORD_SIGN)]
    ngrams = [blocks.names[at] for at in is_ngram]
    idf = blocks.idf[is_ngram]
    ngram_slots = _index(ngrams)
    return Weights(
        word_slots=_index(words),
        words=_rows(known.weighted @ coefficients, known.squared_norms),
        ngram_slots=ngram_slots,
        ngram_filter=features.key_filter(ngram_slots),
        ngrams=_rows(idf[:, None] * coefficients[is_ngram], idf**2),
        intercepts=np.array([one.model.intercept for one in fitted]),
        calibration=np.array([one.coefficients for one in calibrated]),
    )


def _rows(
    weights: NDArray[np.float64], squared_norms: NDArray[np.float64]
) -> NDArray[np.float64]:
    n_topics = weights.shape[1]
    rows = np.zeros((len(weights), kernel.columns_of(n_topics)))
    rows[:, :n_topics] = weights
    rows[:, n_topics] = squared_norms
    return rows


def _index(names: Sequence[str]) -> Slots:
    rows = {features.key_of(name): row for row, name in enumerate(names)}
    if len(rows) < len(names):
        raise ValueError("two words or n-grams have the same key")
    return features.key_table(rows)
