"""How calls are timed, and what no tagger can be faster than."""

import time
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from service.tagging.features import code_points
from service.tagging.tagger import Article, Tagger

ROUNDS = 7


def best_of(
    calls: Mapping[str, Callable[[], object]], rounds: int = ROUNDS, in_a_row: int = 1
) -> dict[str, float]:
    """Seconds of the processor for each call: its best.

    The calls take turns, so that they share what disturbs them, and time in which the
    processor was another's does not count. A first round only warms.

    Args:
        calls: By name.
        rounds: How many turns each call has.
        in_a_row: How often it is called in a turn. A virtual machine may have given
            back to its host, since the turn before, memory that a large call freed:
            to get it anew costs more than the call, the next time nothing.
    """
    taken: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            for _ in range(in_a_row if turn else 1):
                started = time.process_time()
                call()
                taken[name].append(time.process_time() - started)
    return {name: min(seconds[1:]) for name, seconds in taken.items()}


def floor(tagger: Tagger, articles: Sequence[Article]) -> Callable[[Article], object]:
    """What no tagger can go below: decode, and one table look-up per code point."""
    reading = tagger.model.reading
    encoded = {
        id(article): f"{article.title}\n{article.text}".encode() for article in articles
    }

    def look_up(article: Article) -> int:
        points = code_points(encoded[id(article)].decode())
        return int(_look_up(points, reading.characters))

    return look_up


@njit(nogil=True)
def _look_up(points: NDArray[np.uint32], characters: NDArray[np.uint32]) -> int:
    total = 0
    for point in points:
        total += characters[point]
    return total
