"""What the pictures of one topic show, as numbers."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import precision_recall_curve

from training.decisions import Decisions

HISTOGRAM_BINS = 20  # of equal width
RELIABILITY_BINS = 10  # of equal mass
_CURVE_POINTS = 200
_DEVIATIONS = 1.96  # of a normal distribution: 95 % lie within

Values = NDArray[np.float64]


class Point(NamedTuple):
    """Where a threshold stands on the curve."""

    threshold: float
    recall: float
    precision: float


class Bin(NamedTuple):
    """Articles of nearly the same score, and the share of them that carries the topic.

    The interval is Wilson's, which holds for shares of few articles near 0 and 1 too.
    """

    articles: int
    score: float
    share: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Curves:
    """One topic on articles that the model has not seen.

    Attributes:
        curve: Recall and precision of falling thresholds.
        points: The thresholds a caller may have, by name.
        bins: Of equal mass, lowest scores first.
        carried: Articles that carry the topic, by score, in bins of equal width.
        absent: Articles that do not, likewise.
    """

    curve: list[tuple[float, float]]
    points: dict[str, Point]
    bins: list[Bin]
    carried: list[int]
    absent: list[int]


def curves(decisions: Decisions, thresholds: Mapping[str, float]) -> Curves:
    """Reduce the decisions on one topic to what its pictures show."""
    carried, scores = decisions.carried[:, 0], decisions.scores[:, 0]
    return Curves(
        curve=_curve(carried, scores),
        points={
            name: _point(threshold, carried, scores)
            for name, threshold in thresholds.items()
        },
        bins=_bins(carried, scores),
        carried=_histogram(scores[carried]),
        absent=_histogram(scores[~carried]),
    )


def _curve(carried: NDArray[np.bool_], scores: Values) -> list[tuple[float, float]]:
    if not carried.any():
        return []
    precision, recall, _ = precision_recall_curve(carried, scores)
    points = np.column_stack([recall, precision])[::-1]  # from no article to all
    # Points at equal distances along the curve draw it as well as thousands.
    way = np.abs(np.diff(points, axis=0, prepend=points[:1])).sum(axis=1).cumsum()
    places = np.searchsorted(way, np.linspace(0, way[-1], _CURVE_POINTS))
    return [(one[0], one[1]) for one in points[np.unique(places)].tolist()]


def _point(threshold: float, carried: NDArray[np.bool_], scores: Values) -> Point:
    assigned = scores >= threshold
    right = float((assigned & carried).sum())
    with np.errstate(invalid="ignore"):
        recall, precision = np.divide(right, [carried.sum(), assigned.sum()])
    return Point(threshold, float(recall), float(precision))


def _bins(carried: NDArray[np.bool_], scores: Values) -> list[Bin]:
    order = np.argsort(scores, kind="stable")
    parts = np.array_split(order, RELIABILITY_BINS)
    return [_bin(carried[part], scores[part]) for part in parts if len(part)]


def _bin(carried: NDArray[np.bool_], scores: Values) -> Bin:
    articles, share = len(scores), float(carried.mean())
    squared = _DEVIATIONS**2 / articles
    middle = (share + squared / 2) / (1 + squared)
    spread = share * (1 - share) / articles + squared / (4 * articles)
    half = _DEVIATIONS * spread**0.5 / (1 + squared)
    # Rounding must not put the share outside its own interval.
    low, high = min(share, middle - half), max(share, middle + half)
    return Bin(articles, float(scores.mean()), share, low, high)


def _histogram(scores: Values) -> list[int]:
    counts, _ = np.histogram(scores, HISTOGRAM_BINS, (0.0, 1.0))
    return [int(count) for count in counts]
