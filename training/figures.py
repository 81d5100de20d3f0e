"""How well topics are tagged: precision, recall, F1, average precision."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

from training.decisions import Decisions


@dataclass(frozen=True, slots=True)
class Figures:
    """How well one topic, or the mean of several, is tagged.

    Attributes:
        carried: Articles that carry the topic.
        average_precision: NaN where none carries it.
    """

    carried: int
    precision: float
    recall: float
    f1: float
    average_precision: float


@dataclass(frozen=True, slots=True)
class Report:
    """Figures of a set of articles, by topic id, and their means.

    Attributes:
        articles: How many.
        topics: Figures of each topic.
        macro: Means over the topics that some article carries.
        micro: All decisions of all topics counted together; no average precision.
    """

    articles: int
    topics: dict[str, Figures]
    macro: Figures
    micro: Figures


def report(decisions: Decisions) -> Report:
    """Count decisions; borderline grades are left out."""
    counted, carried = decisions.counted, decisions.carried
    by_topic = {
        topic: _figures(
            carried[counted[:, column], column],
            decisions.assigned[counted[:, column], column],
            decisions.scores[counted[:, column], column],
        )
        for column, topic in enumerate(decisions.topics)
    }
    micro = _figures(carried[counted], decisions.assigned[counted], None)
    present = [figures for figures in by_topic.values() if figures.carried]
    macro = Figures(
        carried=micro.carried,
        precision=_mean(present, lambda one: one.precision),
        recall=_mean(present, lambda one: one.recall),
        f1=_mean(present, lambda one: one.f1),
        average_precision=_mean(present, lambda one: one.average_precision),
    )
    return Report(len(decisions.grades), by_topic, macro, micro)


def _mean(figures: Sequence[Figures], of: Callable[[Figures], float]) -> float:
    return float(np.mean([of(one) for one in figures])) if figures else float("nan")


def _figures(
    carried: NDArray[np.bool_],
    assigned: NDArray[np.bool_],
    scores: NDArray[np.float64] | None,
) -> Figures:
    right = int((carried & assigned).sum())
    n_carried, n_assigned = int(carried.sum()), int(assigned.sum())
    average_precision = float("nan")
    if scores is not None and n_carried:
        average_precision = float(average_precision_score(carried, scores))
    return Figures(
        carried=n_carried,
        precision=right / n_assigned if n_assigned else 0.0,
        recall=right / n_carried if n_carried else 0.0,
        f1=2 * right / (n_carried + n_assigned) if right else 0.0,
        average_precision=average_precision,
    )


def as_json(whole: Report) -> dict[str, Any]:
    """A report as the model file keeps it."""
    figures = {**whole.topics, "macro": whole.macro, "micro": whole.micro}
    return {
        "articles": whole.articles,
        **{name: _figures_as_json(one) for name, one in figures.items()},
    }


def _figures_as_json(one: Figures) -> dict[str, float]:
    values = {
        "carried": one.carried,
        "precision": round(one.precision, 4),
        "recall": round(one.recall, 4),
        "f1": round(one.f1, 4),
        "average_precision": round(one.average_precision, 4),
    }
    # JSON has no NaN: what is not defined is left out.
    return {name: value for name, value in values.items() if not np.isnan(value)}
