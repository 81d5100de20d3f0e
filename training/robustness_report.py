"""A measurement of robustness for people and for programs, with what it should be."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from training.gold import Graded
from training.robustness import SPACED, Moved, Robustness

IDENTICAL_DECISIONS = 0.995
NEAR_SCORES = 0.99
FARTHEST = 0.2
UNCHANGED_ARTICLES = 0.99
_NAME = 44
_WORST = 5


def as_table(found: Robustness, graded: Sequence[Graded]) -> str:
    """Every variant with its target, then the articles that moved most."""
    lines = [f"{found.articles} articles", *_characters(found), *_spaced(found)]
    lines += _furniture(found)
    lines += ["", "moved most"]
    lines += _worst(found.characters | {SPACED: found.spaced}, graded)
    lines += _worst(found.furniture, graded)
    return "\n".join(lines)


def _characters(found: Robustness) -> list[str]:
    lines = ["", f"{'characters only':{_NAME}}{'changed':>9}{'identical':>11}  wanted"]
    for name, moved in found.characters.items():
        share = moved.identical_scores
        lines.append(
            f"{name:{_NAME}}{int(moved.changed.sum()):9}{share:11.2%}"
            f"  100 %{_verdict(share == 1)}"
        )
    return lines


def _spaced(found: Robustness) -> list[str]:
    moved = found.spaced
    rows = (
        ("decisions identical", moved.identical_decisions, IDENTICAL_DECISIONS),
        ("scores within 0.05", moved.near, NEAR_SCORES),
    )
    return [
        "",
        f"{SPACED:{_NAME}}{int(moved.changed.sum()):9} articles changed",
        *(
            f"  {name:{_NAME - 2}}{share:20.2%}  {wanted:.1%}"
            f"{_verdict(share >= wanted)}"
            for name, share, wanted in rows
        ),
        f"  {'farthest move':{_NAME - 2}}{moved.farthest:20.3f}  {FARTHEST}"
        f"{_verdict(moved.farthest <= FARTHEST)}",
    ]


def _furniture(found: Robustness) -> list[str]:
    shares = {name: one.unchanged_articles for name, one in found.furniture.items()}
    shares["all pieces, mean"] = mean_unchanged(found)
    width = max(map(len, shares))
    lines = ["", f"{'furniture':{width}}{'tags unchanged':>20}  wanted"]
    lines += [
        f"{name:{width}}{share:20.2%}  {UNCHANGED_ARTICLES:.0%}"
        f"{_verdict(share >= UNCHANGED_ARTICLES)}"
        for name, share in shares.items()
    ]
    return lines


def mean_unchanged(found: Robustness) -> float:
    """Share of articles with the same tags, mean over the pieces of furniture."""
    return float(np.mean([one.unchanged_articles for one in found.furniture.values()]))


def _verdict(held: bool) -> str:
    return "" if held else "  MISSED"


def _worst(variants: dict[str, Moved], graded: Sequence[Graded]) -> list[str]:
    return [
        f"  {name}: {', '.join(_moves(moved, graded))}"
        for name, moved in variants.items()
        if moved.worst(1)
    ]


def _moves(moved: Moved, graded: Sequence[Graded]) -> list[str]:
    return [
        f"{graded[place].id} {moved.moves[place].max():.3f}"
        + ("*" if moved.tags_changed[place].any() else "")
        for place in moved.worst(_WORST)
    ]


def to_json(found: Robustness, graded: Sequence[Graded]) -> dict[str, Any]:
    """Every variant's figures and the articles that moved most."""
    variants = {
        "characters": found.characters,
        "spaced": {SPACED: found.spaced},
        "furniture": found.furniture,
    }
    return {"articles": found.articles} | {
        sort: {name: _as_json(one, graded) for name, one in moved.items()}
        for sort, moved in variants.items()
    }


def _as_json(moved: Moved, graded: Sequence[Graded]) -> dict[str, Any]:
    return {
        "changed": int(moved.changed.sum()),
        "identical_scores": moved.identical_scores,
        "identical_decisions": moved.identical_decisions,
        "within_0.05": moved.near,
        "farthest": moved.farthest,
        "unchanged_articles": moved.unchanged_articles,
        "moved_most": [
            {"id": graded[place].id, "move": float(moved.moves[place].max())}
            for place in moved.worst(_WORST)
        ],
    }
