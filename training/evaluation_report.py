"""An evaluation for people, as tables, and for programs, as JSON."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from training.bootstrap import Estimate
from training.evaluate import Evaluated
from training.figures import Figures, as_json
from training.reliability import BINS

_NAME = 32


def as_table(evaluated: Mapping[str, Evaluated]) -> str:
    """All articles in full, of their groups the means; then calibration and review."""
    lines = _figures(evaluated["all"])
    lines += _means(evaluated)
    lines += _calibration(evaluated)
    lines += _review(evaluated)
    return "\n".join(lines)


def _figures(whole: Evaluated) -> list[str]:
    figures = {
        **whole.report.topics,
        "macro": whole.report.macro,
        "micro": whole.report.micro,
    }
    head = "".join(f"{name:>8}" for name in ("prec", "rec", "F1", "AP"))
    lines = [
        f"all: {whole.report.articles} articles",
        f"{'topic':{_NAME}}{'n':>5}{head}",
        *(_row(name, one) for name, one in figures.items()),
    ]
    for name, peer in whole.peers.items():
        rows = {**peer.report.topics, "macro": peer.report.macro}
        lines += ["", name, *(_row(topic, one) for topic, one in rows.items())]
    return lines


def _row(name: str, figures: Figures) -> str:
    values = (figures.precision, figures.recall, figures.f1, figures.average_precision)
    return f"{name:{_NAME}}{figures.carried:5}" + "".join(
        f"{'' if np.isnan(value) else f'{value:.3f}':>8}" for value in values
    )


def _means(evaluated: Mapping[str, Evaluated]) -> list[str]:
    """Macro and micro of every group, and what we gain over each peer."""
    lines = []
    for title, of in (("macro", "macro_f1"), ("micro", "micro_f1")):
        peers = evaluated["all"].peers
        head = f"{'n':>5}{'ours':>8}{'95 %':>16}"
        head += "".join(f"{name:>16}{'gain':>8}{'95 %':>16}" for name in peers)
        lines += ["", f"{title + ' F1':{_NAME}}{head}"]
        for group, one in evaluated.items():
            row = f"{group:{_NAME}}{one.report.articles:5}"
            row += _with_interval(getattr(one, of))
            for peer in one.peers.values():
                figures = getattr(peer.report, title)
                row += f"{figures.f1:16.3f}"
                row += _with_interval(getattr(peer, f"{title}_gain"))
            lines.append(row)
    return lines


def _with_interval(one: Estimate) -> str:
    interval = "" if np.isnan(one.low) else f"{one.low:.3f}–{one.high:.3f}"
    value = "" if np.isnan(one.value) else f"{one.value:.3f}"
    return f"{value:>8}{interval:>16}"


def _calibration(evaluated: Mapping[str, Evaluated]) -> list[str]:
    topics = evaluated["all"].calibration
    title = f"calibration error, {BINS} bins"
    lines = ["", f"{title:{_NAME}}" + "".join(f"{topic:>24}" for topic in topics)]
    lines += [
        f"{group:{_NAME}}" + "".join(map(_with_interval, one.calibration.values()))
        for group, one in evaluated.items()
    ]
    return lines


def _review(evaluated: Mapping[str, Evaluated]) -> list[str]:
    columns = ("wrong", "caught", "95 %", "flagged", "95 %")
    head = "".join(
        f"{name:>{width}}"
        for name, width in zip(columns, (5, 8, 16, 8, 16), strict=True)
    )
    lines = ["", f"{'review band':{_NAME}}{head}"]
    for group, one in evaluated.items():
        row = f"{group:{_NAME}}{one.review.wrong:5}"
        row += _with_interval(one.review.caught)
        lines.append(row + _with_interval(one.review.flagged))
    return lines


def to_json(evaluated: Mapping[str, Evaluated]) -> dict[str, Any]:
    """Everything that was found, by group."""
    return {group: _group(one) for group, one in evaluated.items()}


def _group(one: Evaluated) -> dict[str, Any]:
    return {
        "figures": as_json(one.report),
        "macro_f1": _estimate(one.macro_f1),
        "micro_f1": _estimate(one.micro_f1),
        "calibration_error": {
            topic: _estimate(error) for topic, error in one.calibration.items()
        },
        "peers": {
            name: {
                "figures": as_json(peer.report),
                "macro_f1_gain": _estimate(peer.macro_gain),
                "micro_f1_gain": _estimate(peer.micro_gain),
            }
            for name, peer in one.peers.items()
        },
        "review_band": {
            "wrong": one.review.wrong,
            "caught": _estimate(one.review.caught),
            "flagged": _estimate(one.review.flagged),
        },
    }


def _estimate(one: Estimate) -> dict[str, float | None]:
    return {
        name: None if np.isnan(value) else round(value, 4)
        for name, value in one._asdict().items()
    }
