"""What a card is made of, and the articles that its pictures show."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from service.tagging.model_file import Model
from training.calibration import Calibrated
from training.corpus import BORDERLINE, Corpus
from training.decisions import Decisions
from training.seeds import Seed, SeedSet


@dataclass(frozen=True, eq=False)
class CardMaterial:
    """What training has at hand when the model is fitted.

    Attributes:
        model: The model; its version may still be empty.
        seed_set: All seeds, the held-out ones among them.
        corpus: The seeds that were learned from.
        held_out: Those kept from training that are unlike all that was learned.
        calibrated: The calibration of each topic, in the order of the model's.
    """

    model: Model
    seed_set: SeedSet
    corpus: Corpus
    held_out: Sequence[Seed]
    calibrated: Sequence[Calibrated]


def cross_validated(material: CardMaterial) -> Decisions:
    """What was said of each whole article by models and calibrations fitted without it.

    Composed articles, on which thresholds and calibration were fitted as well, are
    left out: nobody reads them.
    """
    model, corpus = material.model, material.corpus
    grades = corpus.grades[corpus.whole]
    scores = np.full(grades.shape, np.nan)
    for topic, one in enumerate(material.calibrated):
        counted = grades[:, topic] != BORDERLINE
        # Found articles come first, in the order of their seeds.
        scores[counted, topic] = one.scores[: counted.sum()]
    low, high = model.review.T
    return Decisions(
        topics=tuple(topic.id for topic in model.topics),
        grades=grades,
        scores=scores,
        assigned=scores >= model.thresholds,
        review=(scores >= low) & (scores <= high),
    )


def of_topic(decisions: Decisions, topic: int) -> Decisions:
    """The decisions on one topic, borderline grades left out."""
    counted, column = decisions.counted[:, topic], slice(topic, topic + 1)
    return Decisions(
        decisions.topics[column],
        decisions.grades[counted, column],
        decisions.scores[counted, column],
        decisions.assigned[counted, column],
        decisions.review[counted, column],
    )
