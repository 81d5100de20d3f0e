"""Pictures as SVG that stands inside the page and takes the page's colours.

Their letters are Latin alone: Persian, which matplotlib cannot join, stays in the page.
"""

import io
import math
import re
from collections.abc import Iterator
from contextlib import contextmanager

from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from matplotlib.typing import RcKeyType

from training.card.curves import HISTOGRAM_BINS, Curves

# Drawn in the first, shown in the second, which is another in the dark and on paper.
_COLOURS = {
    "#010101": "var(--ink)",
    "#020202": "var(--soft)",
    "#030303": "var(--line)",
    "#040404": "var(--accent)",
    "#050505": "var(--weak)",
    "#060606": "var(--mark)",
    "#070707": "var(--card)",
}
_INK, _SOFT, _LINE, _ACCENT, _WEAK, _MARK, _CARD = _COLOURS
_INCHES = (4.6, 3.7)
_RC: dict[RcKeyType, object] = {
    "svg.fonttype": "none",  # letters stay letters: small, readable, the page's font
    "font.size": 11,
    "text.color": _INK,
    "axes.labelcolor": _SOFT,
    "axes.edgecolor": _LINE,
    "axes.facecolor": "none",
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "grid.color": _LINE,
    "grid.linewidth": 0.6,
    "xtick.color": _LINE,
    "ytick.color": _LINE,
    "xtick.labelcolor": _SOFT,
    "ytick.labelcolor": _SOFT,
    "legend.frameon": False,
    "legend.handletextpad": 0.4,
}
_MARKERS = {"usual": ("o", 9), "precision": ("^", 8), "recall": ("s", 7)}
_EDGE = 0.001  # log-odds reach no farther than those of this share
_TICKS = (0.01, 0.1, 0.5, 0.9, 0.99)
_NO_CURVE = "no article carries it"


def draw_precision_recall(curves: Curves, name: str) -> str:
    """The precision-recall curve with the thresholds a caller may have."""
    with _axes(f"curve {name}") as (figure, axes):
        if curves.curve:
            recall, precision = zip(*curves.curve, strict=True)
            axes.plot(recall, precision, color=_ACCENT, linewidth=1.8)
        else:
            axes.text(0.5, 0.5, _NO_CURVE, ha="center", color=_SOFT)
        for point_name, point in curves.points.items():
            marker, size = _MARKERS[point_name]
            axes.plot(
                [point.recall],
                [point.precision],
                linestyle="none",
                marker=marker,
                markersize=size,
                markerfacecolor=_MARK if point_name == "usual" else _CARD,
                markeredgecolor=_INK,
                markeredgewidth=1.1,
                clip_on=False,
                label=_named(point_name, point.threshold),
            )
        _square(axes, "recall", "precision")
        axes.legend(loc="lower left", fontsize=10.5)
        return _svg(figure, f"Precision-recall curve, {name}")


def _named(point_name: str, threshold: float) -> str:
    if point_name == "usual":
        return f"threshold {threshold:.2f}"
    return f"prefer {point_name}, {threshold:.2f}"


def draw_reliability(curves: Curves, name: str) -> str:
    """The share that carries the topic against the score, bin by bin."""
    with _axes(f"reliability {name}") as (figure, axes):
        edges = (_log_odds(0), _log_odds(1))
        axes.plot(edges, edges, color=_WEAK, linewidth=1, linestyle=(0, (4, 3)))
        for one in curves.bins:
            score, share = _log_odds(one.score), _log_odds(one.share)
            reach = (_log_odds(one.low), _log_odds(one.high))
            axes.plot([score, score], reach, color=_ACCENT, linewidth=1.5)
            axes.plot(score, share, "o", color=_ACCENT, markersize=6, clip_on=False)
        _square(axes, "mean score of a bin", "share that carries the topic", edges)
        places = [_log_odds(share) for share in _TICKS]
        axes.set_xticks(places, [f"{share:g}" for share in _TICKS])
        axes.set_yticks(places, [f"{share:g}" for share in _TICKS])
        return _svg(figure, f"Reliability diagram, {name}")


def draw_scores(curves: Curves, review: tuple[float, float], name: str) -> str:
    """How many articles have which score, with threshold and review band."""
    width = 1 / HISTOGRAM_BINS
    left = [place * width for place in range(HISTOGRAM_BINS)]
    with _axes(f"scores {name}") as (figure, axes):
        axes.axvspan(*review, color=_MARK, alpha=0.2, linewidth=0, label="review band")
        axes.bar(
            left, curves.absent, width / 2, align="edge", color=_WEAK, label="absent"
        )
        middles = [one + width / 2 for one in left]
        axes.bar(
            middles,
            curves.carried,
            width / 2,
            align="edge",
            color=_ACCENT,
            label="carried",
        )
        axes.axvline(
            curves.points["usual"].threshold,
            color=_INK,
            linewidth=1.2,
            linestyle=(0, (4, 3)),
            label="threshold",
        )
        axes.set_ylim(0.7, 2 * max(1, *curves.absent, *curves.carried))
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter("{x:,.0f}")
        axes.yaxis.minorticks_off()
        axes.set_xlim(0, 1)
        axes.set_xlabel("score")
        axes.set_ylabel("articles")
        axes.grid(visible=False, axis="x")
        figure.legend(
            loc="outside upper center", ncols=4, columnspacing=1, handlelength=1.2
        )
        return _svg(figure, f"Histogram of scores, {name}")


@contextmanager
def _axes(salt: str) -> Iterator[tuple[Figure, Axes]]:
    # A salt of its own gives a picture ids that no other has, the same every time.
    with rc_context({**_RC, "svg.hashsalt": salt}):
        figure = Figure(figsize=_INCHES, layout="constrained")
        FigureCanvasSVG(figure)
        yield figure, figure.add_subplot()


def _log_odds(share: float) -> float:
    inside = min(max(share, _EDGE), 1 - _EDGE)
    return math.log(inside / (1 - inside))


def _square(
    axes: Axes, x_name: str, y_name: str, edges: tuple[float, float] = (0, 1)
) -> None:
    axes.set_xlim(*edges)
    axes.set_ylim(*edges)
    axes.set_xlabel(x_name)
    axes.set_ylabel(y_name)


def _svg(figure: Figure, title: str) -> str:
    """The picture alone: no prologue, no metadata, no id that nothing refers to."""
    out = io.StringIO()
    figure.savefig(out, format="svg", transparent=True)
    svg = out.getvalue()
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>", "", svg, flags=re.DOTALL)
    svg = re.sub(r"<!--.*?-->|<g id=\"patch_1\">.*?</g>", "", svg, flags=re.DOTALL)
    svg = re.sub(r'<g id="[^"]*">', "<g>", svg)
    svg = re.sub(r'(?<=<svg)( [^>]*?) width="[^"]*" height="[^"]*"', r"\1", svg)
    for drawn, shown in _COLOURS.items():
        svg = svg.replace(drawn, shown)
    svg = re.sub(r"\n\s*", "\n", svg)
    return svg.replace("<svg", f'<svg role="img" aria-label="{title}"', 1)
