"""`python -m benchmarks.replicas`: replicas behind nginx, restarted and promoted to.

Replicas of gunicorn with two workers share a folder of versions, and nginx stands
before them as `deploy/nginx/barchasb.conf` has it. While eight connections ask without
a pause, another version is promoted, and then every replica in turn is told to end,
waited for, and started again. No request may fail, every answer must have the scores of
the version that it names, and after a promotion all must come to name its version.
"""

import argparse
import math
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.asking import (
    SETTINGS,
    asking,
    expected_scores,
    material,
    options_of,
    promote,
    shifted,
)
from benchmarks.proxy import LOG, ProxyError, proxied
from benchmarks.serving import HOST, free_port, start, stop
from service.tagging.model_file import Model, ModelFileError
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article
from training.seed_files import SeedError

_BEHIND = {
    **SETTINGS,
    "BARCHASB_TRUSTED_PROXIES": HOST,
    "BARCHASB_ANONYMOUS": "tag",
    "BARCHASB_RATE": "off",
}
_ASKED = re.compile(rf"\b{re.escape(HOST)}:(\d+)")


@dataclass
class Outcome:
    """What the connections met.

    Attributes:
        answers: How many were good.
        faults: What was wrong with the others.
        latencies: Seconds of each request.
        seconds: From each promotion to the last answer of the version before.
        restarts: Seconds from telling a replica to end until it listens again.
        answered: How many requests each replica answered.
        again: How many requests were asked of more than one.
    """

    answers: int = 0
    faults: list[str] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    restarts: list[float] = field(default_factory=list)
    answered: list[int] = field(default_factory=list)
    again: int = 0


class Replicas:
    """Servers of one folder of versions, each on a port of its own."""

    def __init__(self, root: Path, models: Path, many: int) -> None:
        self.ports = [free_port() for _ in range(many)]
        self._root = root
        self._models = models
        self._running: dict[int, subprocess.Popen[bytes]] = {}

    def start(self, port: int) -> None:
        """Start one; returns once it listens."""
        log = self._root / f"log-{port}"
        self._running[port] = start(self._models, log, port, **_BEHIND)

    def stop(self, port: int) -> None:
        """Tell one to end, and wait until it has."""
        stop(self._running.pop(port))

    def stop_all(self) -> None:
        """End those that run."""
        for port in list(self._running):
            self.stop(port)


@contextmanager
def _running(root: Path, models: Path, many: int) -> Iterator[Replicas]:
    replicas = Replicas(root, models, many)
    try:
        for port in replicas.ports:
            replicas.start(port)
        yield replicas
    finally:
        replicas.stop_all()


def measure(
    root: Path, model: Model, articles: Sequence[Article], many: int, rounds: int
) -> Outcome:
    """Serve from an empty folder; promote, and restart every replica, under load.

    Args:
        root: The folder, for versions and logs.
        model: The first version; the second is made from it.
        articles: What is asked.
        many: How many replicas.
        rounds: How many promotions, each followed by a restart of all.
    """
    store = ModelStore(root / "models")
    versions = [store.add(model), store.add(shifted(model))]
    expected = {one: expected_scores(store, one, articles) for one in versions}
    store.promote(versions[0])
    proxy = root / "nginx"
    proxy.mkdir()
    outcome = Outcome()
    with (
        _running(root, store.root, many) as replicas,
        proxied(replicas.ports, proxy) as port,
        asking(port, articles, expected) as connections,
    ):
        for turn in range(rounds):
            before, version = versions[turn % 2], versions[(turn + 1) % 2]
            promoted = time.monotonic()
            if math.isinf(promote(store, version, connections)):
                outcome.faults.append(f"not all follow to version {version}")
            outcome.restarts += [_restart(replicas, one) for one in replicas.ports]
            last = max(one.latest[before] for one in connections)
            outcome.seconds.append(max(0.0, last - promoted))
    for connection in connections:
        outcome.faults += connection.faults
        outcome.latencies += connection.latencies
    outcome.answers = len(outcome.latencies) - len(outcome.faults)
    _read_log(proxy / LOG, replicas.ports, outcome)
    return outcome


def _restart(replicas: Replicas, port: int) -> float:
    started = time.monotonic()
    replicas.stop(port)
    replicas.start(port)
    return time.monotonic() - started


def _read_log(log: Path, ports: Sequence[int], outcome: Outcome) -> None:
    answered: Counter[int] = Counter()
    for line in log.read_text("utf-8").splitlines():
        asked = [int(port) for port in _ASKED.findall(line)]
        answered.update(asked[-1:])
        outcome.again += len(asked) > 1
    outcome.answered = [answered[port] for port in ports]


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns 1 where a promise is broken."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.replicas", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--replicas", type=int, default=3)
    parser.add_argument("--rounds", type=int, default=2)
    options = options_of(parser, arguments)
    try:
        model, articles = material(options)
        with tempfile.TemporaryDirectory() as folder:
            outcome = measure(
                Path(folder), model, articles, options.replicas, options.rounds
            )
    except (ModelFileError, ProxyError, SeedError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    return _report(outcome)


def _report(outcome: Outcome) -> int:
    latencies = statistics.quantiles(outcome.latencies, n=1000)
    print(f"good answers            {outcome.answers}")
    print(f"faults                  {len(outcome.faults)}")
    print(f"answered by replica     {outcome.answered}")
    print(f"asked of a second one   {outcome.again}")
    print(f"restarts                {len(outcome.restarts)}")
    print(f"                        {max(outcome.restarts):.2f} s, slowest")
    print(f"promotions              {len(outcome.seconds)}")
    print(f"all follow after        {max(outcome.seconds):.2f} s, slowest")
    print(f"a request takes         {latencies[499] * 1e3:.1f} ms, median")
    print(f"                        {latencies[989] * 1e3:.1f} ms, 99 of 100")
    print(f"                        {max(outcome.latencies) * 1e3:.1f} ms, slowest")
    for fault in outcome.faults[:5]:
        print(f"  {fault}")
    return int(bool(outcome.faults))


if __name__ == "__main__":
    sys.exit(main())
