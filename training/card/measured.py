"""Figures with intervals on one set of articles."""

from dataclasses import dataclass

import numpy as np

from training.bootstrap import Estimate, draw_articles, estimate, f1_of_draws
from training.card.material import of_topic
from training.decisions import Decisions
from training.figures import report
from training.reliability import calibration_errors


@dataclass(frozen=True, slots=True)
class TopicMeasured:
    """How well one topic is tagged; NaN where nothing can be said.

    Attributes:
        carried: Articles that carry it.
        counted: Articles whose grade is not borderline.
        precision: Share of its tags that are right.
        recall: Share of the articles that carry it which are tagged.
        f1: With its interval.
        average_precision: Mean of precision over all thresholds.
        calibration_error: With its interval.
        flagged: Share of decisions in the review band.
        wrong: Wrong decisions.
        caught: How many of them lie in the review band.
    """

    carried: int
    counted: int
    precision: float
    recall: float
    f1: Estimate
    average_precision: float
    calibration_error: Estimate
    flagged: float
    wrong: int
    caught: int


@dataclass(frozen=True, slots=True)
class Measured:
    """How well topics are tagged in one set of articles."""

    articles: int
    topics: dict[str, TopicMeasured]
    macro_f1: Estimate
    micro_f1: Estimate


def measure(decisions: Decisions) -> Measured:
    """Count decisions, borderline grades left out, and draw articles for intervals."""
    figures = report(decisions)
    drawn = f1_of_draws(decisions, draw_articles(figures.articles))
    return Measured(
        articles=figures.articles,
        topics={
            topic: _measure_topic(of_topic(decisions, place))
            for place, topic in enumerate(decisions.topics)
        },
        macro_f1=estimate(figures.macro.f1, drawn.macro),
        micro_f1=estimate(figures.micro.f1, drawn.micro),
    )


def _measure_topic(decisions: Decisions) -> TopicMeasured:
    figures = report(decisions).micro
    (topic,) = decisions.topics
    wrong = decisions.assigned != decisions.carried
    nothing = Estimate(*3 * (float("nan"),))
    f1 = nothing
    if figures.carried:
        drawn = f1_of_draws(decisions, draw_articles(len(wrong)))
        f1 = estimate(figures.f1, drawn.macro)
    return TopicMeasured(
        carried=figures.carried,
        counted=len(wrong),
        precision=figures.precision if decisions.assigned.any() else float("nan"),
        recall=figures.recall if figures.carried else float("nan"),
        f1=f1,
        average_precision=report(decisions).topics[topic].average_precision,
        calibration_error=calibration_errors(decisions)[topic],
        flagged=float(np.mean(decisions.review)) if len(wrong) else float("nan"),
        wrong=int(wrong.sum()),
        caught=int((wrong & decisions.review).sum()),
    )
