"""Full load for long: whether the workers' memory grows, and whether anything fails."""

import asyncio
import statistics
from collections import Counter
from collections.abc import Mapping, Sequence

from benchmarks.load import Outcome, ask_on, request
from benchmarks.memory import proportional
from benchmarks.serving import HOST, workers_of

_TURNS = 24  # each with new connections, so that every worker has some of each kind
_WARM_UP = 6  # turns before memory is looked at
_AT_ENDS = 5  # turns of which the median is taken, at the beginning and at the end
_CONNECTIONS = 2  # for each kind of request
_FLAT = 1.05
_UNUSABLE = 422


async def soak(port: int, pid: int, text: str, seconds: float) -> tuple[bool, str]:
    """Ask at full load for what the service is asked for, and for what it refuses.

    Args:
        port: Where it listens.
        pid: The process that workers are forked from.
        text: An article's.
        seconds: How long, a quarter of it to warm up.

    Returns:
        Whether there was no error, no worker was replaced, and their memory grew by no
        more than a twentieth after the warm-up; and the figures.
    """
    kinds = (
        request({"text": text, "explain": True}),
        request({"articles": [{"text": text}] * 5}, "/v1/classify/batch"),
        request({"text": " "}),
        _get("/metrics"),
        _get("/"),
    )
    outcomes: list[Outcome] = []
    looks: list[dict[int, int]] = []
    for _ in range(_TURNS):
        outcomes += await asyncio.gather(
            *(ask_on(port, asked, _CONNECTIONS, seconds / _TURNS) for asked in kinds)
        )
        looks.append({worker: proportional(worker) for worker in workers_of(pid)})
    held = (
        all(outcome.sound(_UNUSABLE) for outcome in outcomes)
        and all(look.keys() == looks[0].keys() for look in looks)
        and is_flat([sum(look.values()) for look in looks[_WARM_UP:]])
    )
    return held, f"{_memory(looks)}; {_answers(outcomes)}"


def is_flat(looks: Sequence[float]) -> bool:
    """Whether memory at the end is about what it was at the beginning."""
    first, last = (
        statistics.median(part) for part in (looks[:_AT_ENDS], looks[-_AT_ENDS:])
    )
    return last <= first * _FLAT


def _get(path: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()


def _memory(looks: Sequence[Mapping[int, int]]) -> str:
    """The megabytes of each worker, by its id, at every look."""
    told = (
        f"{worker} had {' '.join(f'{look.get(worker, 0) / 1e6:.1f}' for look in looks)}"
        for worker in sorted(set().union(*looks))
    )
    return f"of workers, {', '.join(told)} MB"


def _answers(outcomes: Sequence[Outcome]) -> str:
    statuses: Counter[int] = Counter()
    for outcome in outcomes:
        statuses += outcome.statuses
    return ", ".join(
        f"{times} × {status or 'no answer'}"
        for status, times in sorted(statuses.items())
    )
