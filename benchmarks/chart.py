"""The chart of the results."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.ticker import EngFormatter, LogLocator, NullFormatter
from matplotlib.typing import RcKeyType

from benchmarks.figures import amount

_RC: dict[RcKeyType, object] = {
    "svg.hashsalt": "benchmarks",  # the same ids every time
    "svg.fonttype": "none",
    "font.size": 10,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.titlelocation": "left",
    "axes.titlesize": 11,
    "axes.axisbelow": True,
}
_OURS, _OTHERS = "#1f6f8b", "#b9c4ca"
_INCHES = (11, 7)
_OUR_NAMES = ("Barchasb", "/v1/classify", "barchasb tag --jsonl")
_TICKS = (1.0, 2.0, 5.0)
_SEVERAL = 100  # times: from here on the axis is logarithmic


def draw(parts: Mapping[str, Any], path: Path) -> None:
    """Draw what the parts have to show, a panel each, into an SVG file."""
    drawn = {
        name: part for name, part in parts.items() if part["bars"] or part["curves"]
    }
    with rc_context(_RC):
        figure = Figure(figsize=_INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        columns = 2
        rows = -(-len(drawn) // columns)
        for place, (name, part) in enumerate(drawn.items(), 1):
            axes = figure.add_subplot(rows, columns, place)
            axes.set_title(f"{name}: {part['unit']}")
            if part["bars"]:
                _draw_bars(axes, part["bars"])
            else:
                _draw_curves(axes, part["curves"])
        figure.savefig(path, format="svg", metadata={"Date": None})


def _draw_bars(axes: Axes, bars: Mapping[str, float]) -> None:
    names, values = [*bars], [*bars.values()]
    ours = [name.startswith(_OUR_NAMES) for name in names]
    drawn = axes.barh(names, values, color=[_OURS if one else _OTHERS for one in ours])
    if max(values) > _SEVERAL * min(values):
        axes.set_xscale("log")
        axes.set_title(f"{axes.get_title('left')} (logarithmic)")
    axes.bar_label(drawn, [amount(value) for value in values], padding=4)
    axes.margins(x=0.15)
    axes.invert_yaxis()
    axes.xaxis.set_visible(False)
    axes.spines["bottom"].set_visible(False)


def _draw_curves(axes: Axes, curves: Mapping[str, Any]) -> None:
    for (name, points), colour in zip(curves.items(), (_OURS, "#c26a2d"), strict=False):
        sizes, values = zip(*points, strict=True)
        axes.plot(sizes, values, marker="o", color=colour, label=name)
    axes.set_xscale("log")
    axes.set_xticks(sizes, minor=False)
    axes.xaxis.set_major_formatter(EngFormatter(sep=""))
    axes.xaxis.set_minor_formatter(NullFormatter())
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=_TICKS))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter(NullFormatter())
    axes.grid(color="#e3e7ea")
    axes.legend(frameon=False)
