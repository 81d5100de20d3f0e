"""Times the public call, text in, complete result out, and what it stands beside."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from service.tagging.features import code_points
from service.tagging.tagger import Article, Tagger

_ROUNDS = 7


@dataclass(frozen=True, slots=True)
class Timing:
    """Microseconds an article: the best round, which other load disturbs least."""

    name: str
    microseconds: float


def time_each(
    name: str, call: Callable[[Article], object], articles: Sequence[Article]
) -> Timing:
    """Call once for every article, in rounds; the first round only warms."""
    rounds = []
    for _ in range(_ROUNDS + 1):
        started = time.perf_counter()
        for article in articles:
            call(article)
        rounds.append(time.perf_counter() - started)
    return Timing(name, min(rounds[1:]) / len(articles) * 1e6)


def tag_one(tagger: Tagger) -> Callable[[Article], object]:
    """The tagger's call for one article."""
    return lambda article: next(tagger.tag([article]))


def floor(tagger: Tagger, articles: Sequence[Article]) -> Callable[[Article], object]:
    """What no tagger can go below: decode, and one table look-up per code point."""
    reading = tagger.model.reading
    encoded = {
        id(article): f"{article.title}\n{article.text}".encode() for article in articles
    }

    def look_up(article: Article) -> int:
        points = code_points(encoded[id(article)].decode())
        return int(_look_up(points, reading.page_of, reading.pages))

    return look_up


@njit(nogil=True)
def _look_up(
    points: NDArray[np.uint32], page_of: NDArray[np.uint16], pages: NDArray[np.uint32]
) -> int:
    total = 0
    for point in points:
        page = np.int64(page_of[point >> 8])
        total += pages[(page << 8) | (point & 255)]
    return total
