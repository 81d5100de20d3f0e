"""Folds the pipeline into the flat tables that the compiled pass reads."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from service.tagging import features
from service.tagging.kernel import Weights
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
    word_rows = np.column_stack([known.weighted @ coefficients, known.squared_norms])
    is_ngram = [not name.startswith(WORD_SIGN) for name in blocks.names]
    ngrams = [name for name in blocks.names if not name.startswith(WORD_SIGN)]
    idf = blocks.idf[is_ngram]
    ngram_rows = np.column_stack([idf[:, None] * coefficients[is_ngram], idf**2])
    word_keys, word_places = _index(words)
    ngram_keys, ngram_places = _index(ngrams)
    return Weights(
        word_keys=word_keys,
        word_rows=word_places,
        words=word_rows,
        ngram_keys=ngram_keys,
        ngram_rows=ngram_places,
        ngrams=ngram_rows,
        intercepts=np.array([one.model.intercept for one in fitted]),
        calibration=np.array([one.coefficients for one in calibrated]),
    )


def _index(
    names: Sequence[str],
) -> tuple[NDArray[np.uint64], NDArray[np.int32]]:
    rows = {features.key_of(name): row for row, name in enumerate(names)}
    if len(rows) < len(names):
        raise ValueError("two words or n-grams have the same key")
    table = features.key_table(rows)
    return table, features.beside(table, rows)
