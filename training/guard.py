"""Keeps a model that tags worse from taking the place of the live one.

Both tag the same held-out seeds, through the tagger that is served. The new one is
worse where the whole 95 % interval of the difference of their macro F1 lies below 0,
the same articles being drawn for both.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.tagging.model_file import Model
from service.tagging.tagger import Tagger
from training.bootstrap import Draws, Estimate, draw_articles, estimate, f1_of_draws
from training.decisions import Decisions, decide
from training.figures import report
from training.gold import as_graded
from training.seeds import Seed

_EXAMPLES = 3  # of either kind a topic
_EXCERPT = 80  # characters of an example


class Example(NamedTuple):
    """A held-out seed on which the two models disagree.

    Attributes:
        assigned: Whether the new model gives it the topic.
        excerpt: How it begins.
    """

    assigned: bool
    excerpt: str


@dataclass(frozen=True, slots=True)
class Change:
    """What a new model does to F1; of one topic also to which seeds.

    Attributes:
        before: F1 of the live model.
        after: F1 of the new one.
        difference: After less before.
        better: Seeds that the new one alone gets right, the farthest moved first.
        worse: Seeds that it alone gets wrong.
    """

    before: float
    after: float
    difference: Estimate
    better: tuple[Example, ...] = ()
    worse: tuple[Example, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparison:
    """A new model beside the live one.

    Attributes:
        live: The version of the live one.
        seeds: How many held-out seeds both tagged.
        macro: The mean of the topics that both know.
        topics: Those topics.
    """

    live: str
    seeds: int
    macro: Change
    topics: dict[str, Change]

    @property
    def is_worse(self) -> bool:
        """Whether the new model is worse by more than chance."""
        return self.macro.difference.high < 0.0


def compare(live: Model, new: Model, seeds: Sequence[Seed]) -> Comparison | None:
    """Compare two models on held-out texts; None where nothing can be compared."""
    known = {topic.id for topic in live.topics}
    topics = [topic.id for topic in new.topics if topic.id in known]
    if not topics or not seeds:
        return None
    graded = as_graded(seeds, topics)
    before, after = (decide(Tagger(model), graded) for model in (live, new))
    draws = draw_articles(len(seeds))
    changes = {}
    for topic in topics:
        one_before, one_after = _of(before, topic), _of(after, topic)
        better, worse = _examples(one_before, one_after, seeds)
        change = _change(one_before, one_after, draws)
        changes[topic] = replace(change, better=better, worse=worse)
    macro = _change(before, after, draws)
    return Comparison(live.version, len(seeds), macro, changes)


def _of(decisions: Decisions, topic: str) -> Decisions:
    """The decisions on one topic."""
    columns = [decisions.topics.index(topic)]
    return Decisions(
        (topic,),
        decisions.grades[:, columns],
        decisions.scores[:, columns],
        decisions.assigned[:, columns],
        decisions.review[:, columns],
    )


def _change(before: Decisions, after: Decisions, draws: Draws) -> Change:
    live, new = (report(decisions).macro.f1 for decisions in (before, after))
    drawn = [f1_of_draws(decisions, draws).macro for decisions in (before, after)]
    return Change(live, new, estimate(new - live, drawn[1] - drawn[0]))


def _examples(
    before: Decisions, after: Decisions, seeds: Sequence[Seed]
) -> tuple[tuple[Example, ...], tuple[Example, ...]]:
    """Seeds that got better and worse, on one topic."""
    changed = (before.assigned != after.assigned) & after.counted
    right = after.assigned == after.carried
    farthest = np.argsort(-np.abs(after.scores - before.scores)[:, 0], kind="stable")

    def first(chosen: NDArray[np.bool_]) -> tuple[Example, ...]:
        rows = [row for row in farthest.tolist() if chosen[row, 0]][:_EXAMPLES]
        return tuple(
            Example(bool(after.assigned[row, 0]), _excerpt(seeds[row])) for row in rows
        )

    return first(changed & right), first(changed & ~right)


def _excerpt(seed: Seed) -> str:
    words = f"{seed.title} {seed.text}".split()
    return " ".join(words)[:_EXCERPT]
