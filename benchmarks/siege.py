"""`python -m benchmarks.siege`: the service under fire, on 127.0.0.1 and bounded.

gunicorn serves the live model as it ships, two workers, limits and logging on; only the
rate limit is set so high that it counts without refusing. Every assault has a verdict:

overload   ten times what it can answer: who is answered is answered within the queue's
           deadline and the work itself, all others get 503 with Retry-After, and two
           seconds later everything is as before
stalled    clients that send nothing, half, too much, chunks that never end, that never
           read, or rubbish: honest ones are answered all the while
killed     a worker killed under load: only its own requests fail, another takes its
           place within two seconds
ended      SIGTERM under load: every request that was accepted is answered
soak       full load of all kinds, only if named (`siege soak --seconds 600`): no error,
           and the workers' memory is flat after a warm-up
"""

import argparse
import asyncio
import contextlib
import os
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from pathlib import Path

from benchmarks.load import Outcome, ask_at, ask_on, call, request, share
from benchmarks.serving import HOST, PATIENCE, served, workers_of
from benchmarks.soak import soak
from training.seed_files import SeedError
from training.seeds import read_seeds

_SETTINGS = {
    "BARCHASB_RATE": "100000000/second",
    "BARCHASB_QUEUE_MS": "250",
    "MALLOC_ARENA_MAX": "2",  # as the image and the unit have it
}
_QUEUE_SECONDS = 0.25
_SLACK_SECONDS = 0.05
_TIMES = 10.0
_CONNECTIONS = 16  # enough for all that it can
_CROWD = 800
_SECONDS = 5.0
_SOON = 2.0

_HEAD = "POST /v1/classify HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
_STALLED = (
    b"",
    b"POST /v1/classify HTT",
    f"{_HEAD}Content-Length: 20000000\r\n\r\n".encode(),
    f"{_HEAD}Content-Length: 1900000\r\n\r\n{{".encode(),
    f"{_HEAD}Content-Length: 100\r\n\r\n{{".encode(),
    f"{_HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{{".encode(),
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET / HTTP/1.1\r\nHost: x\r\n\r\n" * 200,
    b"rubbish\r\n\r\n" * 200,
)
_EACH = 12


@dataclass(frozen=True)
class Siege:
    """What is assaulted.

    Attributes:
        port: Where it listens.
        pid: The process that workers are forked from.
        text: An article's.
        seconds: How long an assault lasts.
    """

    port: int
    pid: int
    text: str
    seconds: float

    @property
    def article(self) -> bytes:
        """A request to tag it, and to explain the tags."""
        return request({"text": self.text, "explain": True})


type Verdict = tuple[bool, str]
"""Whether the service held, and the figures."""
type Assault = Callable[[Siege], Coroutine[None, None, Verdict]]


async def overload(siege: Siege) -> Verdict:
    """Ask for ten times what can be answered."""
    alone = await ask_on(siege.port, siege.article, 1, 1.0)
    most = await ask_on(siege.port, siege.article, _CONNECTIONS, siege.seconds)
    rate = _TIMES * most.rate
    crowd = await ask_at(siege.port, siege.article, rate, _CROWD, siege.seconds)
    await asyncio.sleep(_SOON)
    after = await ask_on(siege.port, siege.article, 1, 1.0)
    work = share(alone.seconds, 0.99)
    slowest = share(crowd.seconds, 0.99)
    asked = sum(crowd.statuses.values()) + crowd.unsent
    told = (
        f"can {most.rate:.0f}/s, asked {asked / crowd.span:.0f}/s, of these "
        f"{sum(crowd.statuses.values()) / crowd.span:.0f}/s sent; answered "
        f"{crowd.rate:.0f}/s, median {_ms(share(crowd.seconds, 0.5))}, 99 of 100 "
        f"{_ms(slowest)}; refused {len(crowd.refused) / crowd.span:.0f}/s, median "
        f"{_ms(share(crowd.refused, 0.5))}; the asker itself late by "
        f"{_ms(share(crowd.late, 0.99))}, 99 of 100; one alone {_ms(work)} before, "
        f"{_ms(share(after.seconds, 0.99))} after"
    )
    bound = _QUEUE_SECONDS + work + _SLACK_SECONDS + share(crowd.late, 0.99)
    good = crowd.sound(503) and after.sound() and slowest <= bound
    return good and share(after.seconds, 0.5) < _QUEUE_SECONDS, told


async def stalled(siege: Siege) -> Verdict:
    """Ask honestly among clients that never come to an end."""
    writers = []
    for sent in _STALLED * _EACH:
        _, writer = await asyncio.open_connection(HOST, siege.port)
        writer.write(sent)
        writers.append(writer)
    honest = await ask_on(siege.port, siege.article, 4, siege.seconds)
    for writer in writers:
        writer.close()
    told = f"among {len(writers)}: {_told(honest)}"
    return honest.sound() and share(honest.seconds, 0.99) < _QUEUE_SECONDS, told


async def killed(siege: Siege) -> Verdict:
    """Kill a worker under load."""
    before = set(workers_of(siege.pid))
    asking = asyncio.create_task(
        ask_on(siege.port, siege.article, _CONNECTIONS, siege.seconds)
    )
    await asyncio.sleep(siege.seconds / 3)
    os.kill(min(before), signal.SIGKILL)
    since = time.monotonic()
    while len(set(workers_of(siege.pid)) - before) < 1:
        if time.monotonic() - since > PATIENCE:
            break
        await asyncio.sleep(0.01)
    replaced = time.monotonic() - since
    outcome = await asking
    failed = outcome.statuses[0]
    told = f"replaced after {replaced:.2f} s, {failed} failed; {_told(outcome)}"
    return outcome.sound(0) and failed <= _CONNECTIONS and replaced < _SOON, told


async def soaked(siege: Siege) -> Verdict:
    """Ask at full load for long."""
    return await soak(siege.port, siege.pid, siege.text, siege.seconds)


async def ended(siege: Siege) -> Verdict:
    """End the service under load."""
    outcome = Outcome()
    callers = [await call(siege.port, outcome) for _ in range(_CONNECTIONS)]
    refused = 0

    async def keep_asking(place: int) -> None:
        nonlocal refused
        caller = callers[place]
        for _ in range(1_000_000):
            if caller.closing:
                try:
                    caller = await call(siege.port, outcome)
                except OSError:
                    refused += 1
                    return
            await caller.ask(siege.article)

    asking = [asyncio.create_task(keep_asking(place)) for place in range(_CONNECTIONS)]
    await asyncio.sleep(siege.seconds / 3)
    os.kill(siege.pid, signal.SIGTERM)
    since = time.monotonic()
    await asyncio.wait(asking, timeout=PATIENCE)
    outcome.span = siege.seconds / 3 + time.monotonic() - since
    told = f"{refused} found the door shut; {_told(outcome)}"
    return outcome.sound(503) and refused == _CONNECTIONS, told


def _told(outcome: Outcome) -> str:
    statuses = ", ".join(
        f"{times} × {status or 'no answer'}"
        for status, times in sorted(outcome.statuses.items())
    )
    median, most = (_ms(share(outcome.seconds, part)) for part in (0.5, 0.99))
    return f"{statuses}; {outcome.rate:.0f}/s, median {median}, 99 of 100 {most}"


def _ms(seconds: float) -> str:
    return f"{seconds * 1e3:.0f} ms"


_ASSAULTS: dict[str, Assault] = {
    "overload": overload,
    "stalled": stalled,
    "killed": killed,
    "soak": soaked,
    "ended": ended,  # the last: it leaves no service
}


def main(arguments: list[str] | None = None) -> int:
    """Assault and report; returns 1 where the service did not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.siege", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument(
        "assaults",
        nargs="*",
        metavar="ASSAULT",
        help=f"of {', '.join(_ASSAULTS)} (default: all but soak)",
    )
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument(
        "--seconds", type=float, default=_SECONDS, help="how long each lasts"
    )
    parser.add_argument(
        "--letters", type=int, default=20_000, help="length of the article"
    )
    parser.add_argument("--log", type=Path, help="a file for what the service prints")
    options = parser.parse_args(arguments)
    unknown = set(options.assaults) - set(_ASSAULTS)
    if unknown:
        parser.error(f"there is no assault {', '.join(sorted(unknown))}")
    wanted = set(options.assaults) or set(_ASSAULTS) - {"soak"}
    try:
        text = _text(options.seeds, options.letters)
    except SeedError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    with contextlib.ExitStack() as stack:
        log = options.log or Path(
            stack.enter_context(tempfile.TemporaryDirectory()), "log"
        )
        port, pid = stack.enter_context(served(options.models, log, **_SETTINGS))
        siege = Siege(port, pid, text, options.seconds)
        assaults = {name: one for name, one in _ASSAULTS.items() if name in wanted}
        return _report(siege, assaults)


def _report(siege: Siege, assaults: dict[str, Assault]) -> int:
    lost = 0
    for name, assault in assaults.items():
        held, told = asyncio.run(assault(siege))
        lost += not held
        print(f"{name:9}{'held' if held else 'LOST'}  {told}", flush=True)
    print(f"{len(assaults) - lost} held, {lost} lost")
    return int(lost > 0)


def _text(seeds: Path, letters: int) -> str:
    """Whole seeds joined to that length."""
    texts = (one.text for one in read_seeds(seeds).seeds if one.whole and one.text)
    text = ""
    while len(text) < letters:
        text += f"{next(texts)}\n"
    return text[:letters]


if __name__ == "__main__":
    sys.exit(main())
