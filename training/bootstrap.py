"""Intervals: how far a figure would move with other articles of the same kind."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from training.decisions import Decisions

DRAWS = 1000
_SEED = 0  # any number will do; the same articles give the same intervals
_INTERVAL = (0.025, 0.975)

Draws = NDArray[np.int64]  # (draws, articles): the articles of each draw


class Estimate(NamedTuple):
    """A figure and its 95 % interval."""

    value: float
    low: float
    high: float


class F1Draws(NamedTuple):
    """F1 of every draw; a topic that no article of a draw carries is left out."""

    macro: NDArray[np.float64]
    micro: NDArray[np.float64]


def draw_articles(articles: int) -> Draws:
    """Draw as many articles as there are, with replacement, again and again."""
    random = np.random.default_rng(_SEED)
    return random.integers(0, articles, (DRAWS, articles))


def estimate(value: float, drawn: NDArray[np.float64]) -> Estimate:
    """A figure with the interval in which 95 % of its draws lie."""
    usable = drawn[~np.isnan(drawn)]
    if not len(usable):
        return Estimate(value, float("nan"), float("nan"))
    low, high = np.quantile(usable, _INTERVAL)
    return Estimate(value, float(low), float(high))


def f1_of_draws(decisions: Decisions, draws: Draws) -> F1Draws:
    """Macro and micro F1 of every draw."""
    times = np.stack([np.bincount(draw, minlength=draws.shape[1]) for draw in draws])
    counted = decisions.counted
    carried = times @ (decisions.carried & counted).astype(float)
    assigned = times @ (decisions.assigned & counted).astype(float)
    right = times @ (decisions.carried & decisions.assigned & counted).astype(float)
    topics = _f1(right, carried, assigned)
    present = carried > 0
    macro = _share(np.where(present, topics, 0.0).sum(axis=1), present.sum(axis=1))
    micro = _f1(right.sum(axis=1), carried.sum(axis=1), assigned.sum(axis=1))
    return F1Draws(macro, micro)


def _f1(
    right: NDArray[np.float64],
    carried: NDArray[np.float64],
    assigned: NDArray[np.float64],
) -> NDArray[np.float64]:
    return _share(2 * right, carried + assigned, otherwise=0.0)


def _share(
    part: NDArray[np.float64],
    whole: NDArray[np.float64] | NDArray[np.int64],
    otherwise: float = float("nan"),
) -> NDArray[np.float64]:
    out = np.full(part.shape, otherwise)
    return np.asarray(np.divide(part, whole, out=out, where=whole > 0))
