"""Whether held-out seeds keep their tags when they are typed otherwise."""

from collections.abc import Sequence
from typing import NamedTuple

from service.tagging.tagger import Tagger
from training.gold import Graded
from training.robustness import SPACED, Moved, measure


class Retyped(NamedTuple):
    """What became of the held-out seeds in one way to type them.

    Attributes:
        name: How they were typed.
        changed: How many have another text for it.
        same_tags: Share that keeps every tag.
        same_scores: Share whose scores are the same to the last bit.
        farthest: The longest move of a score.
    """

    name: str
    changed: int
    same_tags: float
    same_scores: float
    farthest: float


def retype(tagger: Tagger, graded: Sequence[Graded]) -> list[Retyped]:
    """Tag every text as it is, then in every way to type it."""
    found = measure(tagger, graded, [])
    variants = found.characters | {SPACED: found.spaced}
    return [_retyped(name, moved) for name, moved in variants.items()]


def _retyped(name: str, moved: Moved) -> Retyped:
    return Retyped(
        name,
        int(moved.changed.sum()),
        moved.unchanged_articles,
        moved.identical_scores,
        moved.farthest,
    )
