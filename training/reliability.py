"""Whether scores are honest: calibration, and what the review band catches."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.bootstrap import Draws, Estimate, draw_articles, estimate
from training.decisions import Decisions

BINS = 10


class ReviewBand(NamedTuple):
    """What editors are asked to look at; borderline grades count as flagged only.

    Attributes:
        wrong: Wrong decisions.
        caught: The share of them that is flagged; NaN where none is wrong.
        flagged: The share of all decisions that is flagged.
    """

    wrong: int
    caught: Estimate
    flagged: Estimate


def calibration_errors(decisions: Decisions) -> dict[str, Estimate]:
    """Expected calibration error of each topic, borderline grades left out.

    Draws hold articles twice, which makes their bins noisier than the articles' own:
    the interval lies somewhat high, never low.
    """
    errors = {}
    for column, topic in enumerate(decisions.topics):
        counted = decisions.counted[:, column]
        errors[topic] = _error_with_interval(
            decisions.scores[counted, column], decisions.carried[counted, column]
        )
    return errors


def _error_with_interval(
    scores: NDArray[np.float64], carried: NDArray[np.bool_]
) -> Estimate:
    if not len(scores):
        return Estimate(*3 * (float("nan"),))
    order = np.argsort(scores, kind="stable")
    # Articles in the order of their scores, so that sorting places sorts scores.
    gaps = carried[order] - scores[order]
    draws = np.sort(draw_articles(len(gaps)), axis=1)
    whole = np.arange(len(gaps))[np.newaxis]
    return estimate(float(_binned_error(gaps, whole)[0]), _binned_error(gaps, draws))


def _binned_error(gaps: NDArray[np.float64], draws: Draws) -> NDArray[np.float64]:
    """Mean over equal-mass bins of |share that carries - mean score|, by size of bin.

    Args:
        gaps: Truth minus score of each article, in the order of scores.
        draws: Places of articles, ascending in each row.
    """
    size = draws.shape[1]
    edges = np.unique(np.arange(BINS) * size // BINS)
    sums = np.add.reduceat(gaps[draws], edges, axis=1)
    return np.asarray(np.abs(sums).sum(axis=1) / size)


def review_band(decisions: Decisions) -> ReviewBand:
    """What the review band catches."""
    wrong = (decisions.assigned != decisions.carried) & decisions.counted
    wrong_of = wrong.sum(axis=1)
    caught_of = (wrong & decisions.review).sum(axis=1)
    flagged_of = decisions.review.mean(axis=1)
    draws = draw_articles(len(wrong_of))
    return ReviewBand(
        int(wrong_of.sum()),
        estimate(
            _ratio(caught_of.sum(), wrong_of.sum()),
            np.array([_ratio(caught_of[d].sum(), wrong_of[d].sum()) for d in draws]),
        ),
        estimate(float(flagged_of.mean()), flagged_of[draws].mean(axis=1)),
    )


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else float("nan")
