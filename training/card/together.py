"""Which topics are given together."""

from dataclasses import dataclass

from training.decisions import Decisions


@dataclass(frozen=True, slots=True)
class Together:
    """Articles with both of two topics, in the order of the taxonomy.

    On the diagonal stand the articles with that topic, whatever else they have.

    Attributes:
        assigned: How many the tagger gave both tags.
        carried: How many an editor would give both.
    """

    assigned: list[list[int]]
    carried: list[list[int]]


def count_together(decisions: Decisions) -> Together:
    """Count pairs of topics; borderline grades are left out."""
    assigned = (decisions.assigned & decisions.counted).astype(int)
    carried = (decisions.carried & decisions.counted).astype(int)
    return Together(
        [[int(n) for n in row] for row in assigned.T @ assigned],
        [[int(n) for n in row] for row in carried.T @ carried],
    )
