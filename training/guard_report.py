"""Prints what a new model changes, and writes it as JSON."""

from typing import Any

import numpy as np

from training.guard import Change, Comparison


def as_table(comparison: Comparison) -> str:
    """What changes, for a terminal."""
    changes = comparison.topics | {"macro": comparison.macro}
    width = max(map(len, changes))
    lines = [
        f"beside the live model {comparison.live}, F1 on {comparison.seeds} held-out "
        "seeds:",
        f"  {'':{width}}  before  after  difference (95 %)",
    ]
    for name, change in changes.items():
        lines.append(f"  {name:{width}}  {_figures(change)}")
    for name, change in comparison.topics.items():
        for verdict, examples in (("better", change.better), ("worse", change.worse)):
            lines += [
                f"  {name} {verdict}, {'now' if one.assigned else 'no longer'} "
                f"tagged: {one.excerpt}"
                for one in examples
            ]
    return "\n".join(lines)


def _figures(change: Change) -> str:
    value, low, high = change.difference
    if np.isnan(value):
        return f"{'–':>6} {'–':>6}  no held-out seed carries it"
    return (
        f"{change.before:6.3f} {change.after:6.3f}  "
        f"{value:+.3f} ({low:+.3f} to {high:+.3f})"
    )


def as_json(comparison: Comparison) -> dict[str, Any]:
    """The same for programs; null for what is not defined."""
    return {
        "live": comparison.live,
        "held_out_seeds": comparison.seeds,
        "macro": _change_as_json(comparison.macro),
        "topics": {
            topic: _change_as_json(change)
            for topic, change in comparison.topics.items()
        },
    }


def _change_as_json(change: Change) -> dict[str, Any]:
    figures = {
        "before": change.before,
        "after": change.after,
        **change.difference._asdict(),
    }
    return {
        **{
            name: None if np.isnan(value) else round(value, 4)
            for name, value in figures.items()
        },
        "better": [one._asdict() for one in change.better],
        "worse": [one._asdict() for one in change.worse],
    }
