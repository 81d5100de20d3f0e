"""Requests sent to the service faster than it can answer, from one thread."""

import asyncio
import json
import math
import time
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field

from benchmarks.serving import HOST

_TICK = 0.002
_OK, _BUSY = 200, 503
_FAILED = 0  # the connection broke before there was an answer


@dataclass
class Outcome:
    """What became of requests.

    Attributes:
        statuses: How often each was answered; 0 where there was no answer.
        seconds: How long each accepted request took.
        refused: How long each took that was answered 503.
        hasty: How many of those answers lacked Retry-After.
        unsent: How many could not be sent at all: every connection was waiting.
        late: By how much the asker itself came too late to ask and to listen.
        span: Seconds from the first to the last.
    """

    statuses: Counter[int] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    refused: list[float] = field(default_factory=list)
    hasty: int = 0
    unsent: int = 0
    late: list[float] = field(default_factory=list)
    span: float = 0.0

    def add(self, status: int, seconds: float, head: bytes) -> None:
        """Note an answer."""
        self.statuses[status] += 1
        if status == _OK:
            self.seconds.append(seconds)
        elif status == _BUSY:
            self.refused.append(seconds)
            self.hasty += b"\r\nRetry-After: " not in head

    @property
    def rate(self) -> float:
        """Requests answered 200 in a second."""
        return self.statuses[_OK] / self.span

    def sound(self, *allowed: int) -> bool:
        """Whether there was no answer but 200 and those allowed."""
        return set(self.statuses) <= {_OK, *allowed} and not self.hasty


def share(seconds: Sequence[float], wanted: float) -> float:
    """The time in which the wanted share of requests was answered."""
    if not seconds:
        return math.nan
    return sorted(seconds)[min(len(seconds) - 1, int(wanted * len(seconds)))]


def request(article: dict[str, object], path: str = "/v1/classify") -> bytes:
    """The bytes of a request."""
    body = json.dumps(article, ensure_ascii=False).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {HOST}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Caller(asyncio.Protocol):
    """A connection that is kept, and asks one thing at a time."""

    def __init__(self, outcome: Outcome) -> None:
        self.outcome = outcome
        self.answered: asyncio.Future[None] | None = None
        self.closing = False
        self._came = b""
        self._sent = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Keep the transport."""
        assert isinstance(transport, asyncio.Transport)  # noqa: S101 - for mypy
        self.transport = transport

    def ask(self, asked: bytes) -> asyncio.Future[None]:
        """Send a request; what is returned is done when its outcome is noted."""
        self.answered = asyncio.get_running_loop().create_future()
        self._sent = time.monotonic()
        self.transport.write(asked)
        return self.answered

    def data_received(self, data: bytes) -> None:
        """Note an answer that is complete."""
        self._came += data
        head, found, body = self._came.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        if len(body) < length:
            return
        self._came = b""
        self.closing = b"\r\nConnection: close" in head
        self._note(int(head[9:12]), head)

    def connection_lost(self, _error: Exception | None) -> None:
        """Note a request that is not answered."""
        self.closing = True
        self._note(_FAILED, b"")

    def _note(self, status: int, head: bytes) -> None:
        if self.answered is not None and not self.answered.done():
            self.outcome.add(status, time.monotonic() - self._sent, head)
            self.answered.set_result(None)


async def call(port: int, outcome: Outcome) -> Caller:
    """A new connection."""
    loop = asyncio.get_running_loop()
    _, caller = await loop.create_connection(lambda: Caller(outcome), HOST, port)
    return caller


async def ask_on(port: int, asked: bytes, connections: int, seconds: float) -> Outcome:
    """Ask over so many connections, each again as soon as it is answered."""
    outcome = Outcome()
    started = time.monotonic()

    async def keep_asking() -> None:
        caller = await call(port, outcome)
        while time.monotonic() - started < seconds:
            if caller.closing:
                caller.transport.close()
                caller = await call(port, outcome)
            await caller.ask(asked)
        caller.transport.close()

    asking = [keep_asking() for _ in range(connections)]
    for ended in await asyncio.gather(*asking, return_exceptions=True):
        if isinstance(ended, BaseException):
            outcome.statuses[_FAILED] += 1
    outcome.span = time.monotonic() - started
    return outcome


async def ask_at(
    port: int, asked: bytes, rate: float, connections: int, seconds: float
) -> Outcome:
    """Ask so many times a second, whatever the answers, over kept connections."""
    outcome = Outcome()
    callers = [await call(port, outcome) for _ in range(connections)]
    free = deque(callers)  # the one that has been idle longest is next
    under_way: set[asyncio.Task[None]] = set()
    started, sent = time.monotonic(), 0
    while (elapsed := time.monotonic() - started) < seconds:
        for _ in range(int(elapsed * rate) - sent):
            sent += 1
            while free and free[0].closing:
                free.popleft()
            caller = free.popleft() if free else None
            if caller is None:
                outcome.unsent += 1
                continue
            task = asyncio.create_task(_ask_once(caller, asked, free))
            under_way.add(task)
            task.add_done_callback(under_way.discard)
        before = time.monotonic()
        await asyncio.sleep(_TICK)
        outcome.late.append(time.monotonic() - before - _TICK)
    if under_way:
        await asyncio.wait(under_way)
    outcome.span = time.monotonic() - started
    for caller in callers:
        caller.transport.close()
    return outcome


async def _ask_once(caller: Caller, asked: bytes, free: deque[Caller]) -> None:
    await caller.ask(asked)
    free.append(caller)
