"""Measured numbers, the goals they are held to, and the table and file of them."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

_BEGIN, _END = "<!-- figures -->", "<!-- end of figures -->"


@dataclass(frozen=True, slots=True)
class Figure:
    """One number.

    Attributes:
        name: What it is.
        value: How much.
        unit: Of what; a ratio's is ×.
        least: The goal, where it is a lower bound.
        most: The goal, where it is an upper bound.
    """

    name: str
    value: float
    unit: str = "×"
    least: float | None = None
    most: float | None = None

    @property
    def goal(self) -> str:
        """The bound as it is read, empty where there is none."""
        if self.least is not None:
            return f"≥ {amount(self.least)}"
        return "" if self.most is None else f"≤ {amount(self.most)}"

    @property
    def verdict(self) -> str:
        """Whether the goal is met, empty where there is none."""
        if not self.goal:
            return ""
        over = self.least is None or self.value >= self.least
        under = self.most is None or self.value <= self.most
        return "yes" if over and under else "**no**"


@dataclass(frozen=True, slots=True)
class Measured:
    """What one part of the benchmarks found.

    Attributes:
        figures: The rows of its table.
        bars: What the chart draws side by side, by name, in one unit.
        curves: What it draws over a size, by name: pairs of size and value.
    """

    figures: list[Figure]
    bars: dict[str, float] = field(default_factory=dict)
    curves: dict[str, list[tuple[float, float]]] = field(default_factory=dict)


def amount(value: float) -> str:
    """A number with three significant digits, or all of its digits before the point."""
    digits = f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"  # noqa: PLR2004
    return f"{float(digits):g}" if "e" in digits else digits


def as_json(measured: Measured) -> dict[str, Any]:
    """A part as the file of results keeps it, rounded to what was measured."""
    return {
        "figures": [_rounded(asdict(one)) for one in measured.figures],
        "bars": _rounded(measured.bars),
        "curves": {
            name: [[size, _significant(value)] for size, value in points]
            for name, points in measured.curves.items()
        },
    }


def _rounded(found: dict[str, Any]) -> dict[str, Any]:
    return {
        name: _significant(value) if isinstance(value, float) else value
        for name, value in found.items()
        if value is not None
    }


def _significant(value: float) -> float:
    return float(f"{value:.4g}")


def table(parts: dict[str, Any]) -> str:
    """The results of every part, as Markdown."""
    lines = []
    for name, part in parts.items():
        lines += [f"### {name}", "", f"{part['circumstances']}", ""]
        lines += ["| figure | measured | goal | met |", "|---|--:|--:|---|"]
        for found in part["figures"]:
            one = Figure(**found)
            measured = f"{amount(one.value)} {one.unit}".rstrip()
            lines.append(f"| {one.name} | {measured} | {one.goal} | {one.verdict} |")
        lines.append("")
    return "\n".join(lines)


def read(path: Path) -> dict[str, Any]:
    """The parts that an earlier run has kept, none where there was no run."""
    found: dict[str, Any] = json.loads(path.read_text("utf-8")) if path.exists() else {}
    return found


def write(path: Path, parts: dict[str, Any]) -> None:
    """Keep the parts for a later run and for the reader."""
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(parts, ensure_ascii=False, indent=1) + "\n", "utf-8")


def put_into(readme: Path, drawn: str) -> None:
    """Replace the table in a document, between its two marks."""
    before, _, rest = readme.read_text("utf-8").partition(_BEGIN)
    _, _, after = rest.partition(_END)
    readme.write_text(f"{before}{_BEGIN}\n{drawn}{_END}{after}", "utf-8")
