"""Whether a text's cost is a fixed part and a constant for each code point."""

from collections.abc import Mapping, Sequence
from functools import partial

import numpy as np

from benchmarks import memory, texts
from benchmarks.figures import Figure, Measured
from benchmarks.material import Material
from benchmarks.speed import best_of
from service.tagging.tagger import Article, Tagger

_SIZES = [10**power for power in range(3, 8)]
_SHORT = 100
_HOSTILE = 10**6
_ROUNDS = 4
_IN_A_ROW = 2
_ONE_WORD = [Article("", "خبر")] * 1000

Curve = list[tuple[float, float]]


def measure(material: Material) -> Measured:
    """Cost and memory of texts by their length, and of texts made to hurt."""
    tagger = material.tagger
    real = texts.real(material.articles, _SIZES[-1])
    unseen = texts.unseen(_SIZES[-1])
    calls, calls_unseen = _nanoseconds(
        tagger, (real, [_SHORT, *_SIZES]), (unseen, _SIZES)
    )
    fixed = without_slope(calls, *_SIZES[:2])
    known = _curve(calls, fixed)
    never_seen = _curve(calls_unseen, fixed)
    one_word = best_of({"": partial(_tag_all, tagger, _ONE_WORD)})[""] / len(_ONE_WORD)
    usual = dict(known)[_HOSTILE]
    return Measured(
        [
            Figure("fixed part of a call", fixed / 1e3, "µs", most=50),
            Figure("a whole call, one word", one_word * 1e6, "µs", most=50),
            Figure(f"a whole call, {_SHORT} code points", calls[_SHORT] / 1e3, "µs"),
            *_grown("known words", known),
            *_grown("words never seen", never_seen),
            *_beside(never_seen, known),
            *_hostile_figures(tagger, usual),
            *_memory_figures(tagger, {"known words": real, "words never seen": unseen}),
        ],
        curves={"known words": known, "words never seen": never_seen},
    )


def _nanoseconds(
    tagger: Tagger, *sized: tuple[str, Sequence[int]]
) -> list[dict[int, float]]:
    """What a call costs by the length of its text: the same text, cut shorter.

    All texts and lengths take turns.
    """
    pieces = [{size: cut(text, size) for size in sizes} for text, sizes in sized]
    seconds = best_of(
        {
            f"{number} {size}": partial(_tag_all, tagger, articles)
            for number, by_size in enumerate(pieces)
            for size, articles in by_size.items()
        },
        _ROUNDS,
        _IN_A_ROW,
    )
    return [
        {
            size: seconds[f"{number} {size}"] / len(articles) * 1e9
            for size, articles in by_size.items()
        }
        for number, by_size in enumerate(pieces)
    ]


def _curve(calls: Mapping[int, float], fixed: float) -> Curve:
    """Nanoseconds a code point, the fixed part of the call taken off."""
    return [(size, (calls[size] - fixed) / size) for size in _SIZES]


def cut(text: str, size: int) -> list[Article]:
    """A text as articles of one length."""
    return [
        Article("", text[start : start + size]) for start in range(0, len(text), size)
    ]


def without_slope(costs: Mapping[int, float], short: int, long: int) -> float:
    """What a call would cost for a text of no length, by a line through two."""
    slope = (costs[long] - costs[short]) / (long - short)
    return max(0.0, costs[short] - slope * short)


def exponent(curve: Sequence[tuple[float, float]]) -> float:
    """The e of a total cost that grows as size^e, from costs for each unit of size."""
    sizes, costs = np.log(np.array(curve)).T
    return float(np.polyfit(sizes, sizes + costs, 1)[0])


def _grown(name: str, curve: Curve) -> list[Figure]:
    costs = [cost for _, cost in curve]
    reach = f"{_SIZES[0]:,} to {_SIZES[-1]:,} code points"
    return [
        *(
            Figure(f"{name}, a code point of {size:,.0f}", cost, "ns")
            for size, cost in curve
        ),
        Figure(f"{name}: power of the length, {reach}", exponent(curve), "", most=1.05),
        Figure(f"{name}: dearest over cheapest, {reach}", max(costs) / min(costs)),
    ]


def _beside(never_seen: Curve, known: Curve) -> list[Figure]:
    return [
        Figure(
            f"words never seen over known words, {size:,.0f} code points",
            cost / usual,
            most=12,
        )
        for (size, cost), (_, usual) in zip(never_seen, known, strict=True)
    ]


def _hostile_figures(tagger: Tagger, usual: float) -> list[Figure]:
    figures = []
    for name, text in texts.hostile(_HOSTILE).items():
        seconds = best_of(
            {name: partial(_tag_all, tagger, [Article("", text)])}, _ROUNDS
        )
        cost = seconds[name] / len(text) * 1e9 / usual
        figures.append(Figure(f"{name} over known words", cost, most=12))
        figures += _memory_figures(tagger, {name: text})
    return figures


def _memory_figures(tagger: Tagger, named: Mapping[str, str]) -> list[Figure]:
    figures = []
    for name, text in named.items():
        grown = memory.growth(partial(_tag_all, tagger, [Article("", text)]))
        figures.append(
            Figure(f"{name}, memory a code point", grown / len(text), "bytes")
        )
    return figures


def _tag_all(tagger: Tagger, articles: Sequence[Article]) -> None:
    for _ in tagger.tag(articles):
        pass
