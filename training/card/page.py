"""The card as a page."""

import math
from collections.abc import Sequence
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from training.bootstrap import Estimate
from training.card.contents import Contents, TopicContents
from training.card.drawing import (
    draw_precision_recall,
    draw_reliability,
    draw_scores,
)
from training.card.words import Word
from training.inspect_seeds import FORMS, SORTS

_FOLDER = Path(__file__).parent
_TEMPLATE = "card.html.j2"
_UNKNOWN = "–"


def render(contents: Contents) -> str:
    """Write the page; pictures and style stand inside it."""
    environment = Environment(
        loader=FileSystemLoader(_FOLDER, encoding="utf-8"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "figure": figure,
        "interval": interval,
        "percent": percent,
        "thousands": thousands,
        "signed": signed,
    }
    return environment.get_template(_TEMPLATE).render(
        card=contents,
        style=Markup((_FOLDER / "card.css").read_text("utf-8")),  # noqa: S704  # ours
        pictures={topic.id: _pictures(topic) for topic in contents.topics},
        names={topic.id: topic for topic in contents.topics},
        sorts=SORTS,
        forms=FORMS,
        heaviest=_heaviest,
    )


def _pictures(topic: TopicContents) -> dict[str, Markup]:
    name = topic.id
    return {
        drawn: Markup(svg)  # noqa: S704  # drawn from numbers and a topic's id
        for drawn, svg in (
            ("precision_recall", draw_precision_recall(topic.curves, name)),
            ("reliability", draw_reliability(topic.curves, name)),
            ("scores", draw_scores(topic.curves, topic.review, name)),
        )
    }


def _heaviest(words: Sequence[Word]) -> float:
    return max((abs(word.log_odds) for word in words), default=1.0)


def figure(value: float) -> str:
    """A figure with two decimals."""
    return _UNKNOWN if math.isnan(value) else f"{value:.2f}"


def interval(value: Estimate) -> str:
    """The interval of an estimate, empty where it has none."""
    if math.isnan(value.low):
        return ""
    return f"{figure(value.low)}–{figure(value.high)}"


def percent(share: float) -> str:
    """A share in percent, rounded down so that 100 % means all."""
    if math.isnan(share):
        return _UNKNOWN
    return f"{math.floor(share * 1000 + 1e-9) / 10:.1f}\u202f%"


def thousands(count: int) -> str:
    """A count with its thousands apart."""
    return f"{count:,}"


def signed(value: float) -> str:
    """A figure with its sign, a minus as wide as the plus."""
    sign = "\u2212" if value < 0 else "+"
    return f"{sign}{abs(value):.2f}"
