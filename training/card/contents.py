"""Everything that a card says in numbers, for its page and for its JSON."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from service.tagging.tagger import Tagger
from training.card.counts import SeedCounts, count_seeds
from training.card.curves import Curves, curves
from training.card.material import CardMaterial, cross_validated, of_topic
from training.card.measured import Measured, measure
from training.card.retyped import Retyped, retype
from training.card.together import Together, count_together
from training.card.words import TopicWords, strongest_words
from training.corpus import is_held_out
from training.decisions import Decisions, decide
from training.gold import Graded, as_graded


@dataclass(frozen=True, slots=True)
class TopicContents:
    """One topic: its meaning, thresholds, pictures and words."""

    id: str
    name_fa: str
    name_en: str
    covers: str
    excludes: str
    threshold: float
    preferred: dict[str, float]
    review: tuple[float, float]
    curves: Curves
    words: TopicWords


@dataclass(frozen=True, slots=True)
class HeldOut:
    """What is found on the held-out seeds that have a text."""

    articles: int
    passages: int
    measured: Measured
    retyped: list[Retyped]


@dataclass(frozen=True, slots=True)
class Contents:
    """A whole card.

    Attributes:
        seeds_digest: Digest of the seeds.
        seeds: How many there are.
        seeds_held_out: How many of them are kept from training.
        libraries: Version of each library that training used.
        counts: Seeds of each topic, and without any.
        held_out: Figures on held-out seeds; None where none has a text.
        cross_validated: Figures on the seeds that are whole articles, each scored
            by models that were fitted without it; None where there are none.
        together: Pairs of topics in the same articles.
        topics: In the order of the taxonomy.
    """

    seeds_digest: str
    seeds: int
    seeds_held_out: int
    libraries: dict[str, str]
    counts: list[SeedCounts]
    held_out: HeldOut | None
    cross_validated: Measured | None
    together: Together
    topics: list[TopicContents]


def gather(material: CardMaterial) -> Contents:
    """Measure and count all that the card says."""
    seed_set, unseen = material.seed_set, cross_validated(material)
    kept = [seed for seed in seed_set.seeds if is_held_out(seed)]
    topics = [topic.id for topic in material.model.topics]
    graded = as_graded(material.held_out, topics)
    return Contents(
        seeds_digest=seed_set.digest,
        seeds=len(seed_set.seeds),
        seeds_held_out=len(kept),
        libraries=material.model.libraries,
        counts=count_seeds(seed_set),
        held_out=_held_out(Tagger(material.model), graded),
        cross_validated=measure(unseen) if len(unseen.grades) else None,
        together=count_together(unseen),
        topics=_topics(material, unseen),
    )


def _held_out(tagger: Tagger, graded: Sequence[Graded]) -> HeldOut | None:
    if not graded:
        return None
    articles = sum("articles" in one.groups for one in graded)
    return HeldOut(
        articles=articles,
        passages=len(graded) - articles,
        measured=measure(decide(tagger, graded)),
        retyped=retype(tagger, graded),
    )


def _topics(material: CardMaterial, unseen: Decisions) -> list[TopicContents]:
    model, words = material.model, strongest_words(material)
    found = []
    for place, topic in enumerate(model.topics):
        threshold = float(model.thresholds[place])
        preferred = {
            name: float(thresholds[place])
            for name, thresholds in model.preferred.items()
        }
        low, high = model.review[place].tolist()
        found.append(
            TopicContents(
                id=topic.id,
                name_fa=topic.name_fa,
                name_en=topic.name_en,
                covers=topic.covers,
                excludes=topic.excludes,
                threshold=threshold,
                preferred=preferred,
                review=(low, high),
                curves=curves(
                    of_topic(unseen, place), {"usual": threshold} | preferred
                ),
                words=words[place],
            )
        )
    return found


def as_json(value: Any) -> Any:  # noqa: ANN401  # any part of the contents
    """Contents as JSON holds them: four decimals, null for what is not defined."""
    if is_dataclass(value):
        value = {field.name: getattr(value, field.name) for field in fields(value)}
    elif hasattr(value, "_asdict"):
        value = value._asdict()
    if isinstance(value, dict):
        return {key: as_json(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [as_json(one) for one in value]
    if isinstance(value, float):
        return None if math.isnan(value) else round(value, 4)
    return value
