"""`python -m benchmarks.reloads`: the model changed again and again under load.

gunicorn with two workers answers eight connections that never pause, while two versions
with other scores are promoted in turn. No request may fail, every answer must have the
scores of the version that it names, and both workers must follow within two seconds.
"""

import argparse
import math
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.asking import (
    SETTINGS,
    SOONEST,
    asking,
    expected_scores,
    material,
    options_of,
    promote,
    shifted,
)
from benchmarks.serving import PATIENCE, served, workers_of
from service.tagging.model_file import Model, ModelFileError
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article
from training.seed_files import SeedError


@dataclass
class Outcome:
    """What the connections met.

    Attributes:
        answers: How many were good.
        faults: What was wrong with the others.
        seconds: From each promotion until every connection was answered by it.
        latencies: Seconds of each request.
        mapped: Of each worker, the versions that it has in memory at the end.
    """

    answers: int = 0
    faults: list[str] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    latencies: list[float] = field(default_factory=list)
    mapped: list[set[str]] = field(default_factory=list)


def measure(
    root: Path, model: Model, articles: Sequence[Article], reloads: int
) -> Outcome:
    """Serve from an empty folder, and promote two versions in turn under load.

    Args:
        root: The folder, for versions and the log.
        model: The first version; the second is made from it.
        articles: What is asked.
        reloads: How many promotions.
    """
    store = ModelStore(root / "models")
    versions = [store.add(model), store.add(shifted(model))]
    expected = {
        version: expected_scores(store, version, articles) for version in versions
    }
    store.promote(versions[0])
    outcome = Outcome()
    with served(store.root, root / "log", **SETTINGS) as (port, pid):
        with asking(port, articles, expected) as connections:
            for turn in range(reloads):
                seconds = promote(store, versions[(turn + 1) % 2], connections)
                outcome.seconds.append(seconds)
                if math.isinf(seconds):
                    break
        # Not while they ask: a request under way keeps the version it began with.
        outcome.mapped = [_settled(worker, versions) for worker in workers_of(pid)]
    for connection in connections:
        outcome.faults += connection.faults
        outcome.latencies += connection.latencies
    outcome.answers = len(outcome.latencies) - len(outcome.faults)
    return outcome


def _settled(pid: int, versions: Sequence[str]) -> set[str]:
    """What a worker has mapped, once it is one version or all patience is over.

    One that nobody happened to ask may just be changing over.
    """
    patient = time.monotonic() + PATIENCE
    while len(mapped := _mapped(pid, versions)) > 1 and time.monotonic() < patient:
        time.sleep(0.05)
    return mapped


def _mapped(pid: int, versions: Sequence[str]) -> set[str]:
    maps = Path(f"/proc/{pid}/maps").read_text("utf-8")
    return {version for version in versions if f"/{version}/" in maps}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns 1 where a promise is broken."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reloads", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--reloads", type=int, default=100)
    options = options_of(parser, arguments)
    try:
        model, articles = material(options)
    except (ModelFileError, SeedError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    with tempfile.TemporaryDirectory() as folder:
        outcome = measure(Path(folder), model, articles, options.reloads)
    return _report(outcome)


def _report(outcome: Outcome) -> int:
    latencies = statistics.quantiles(outcome.latencies, n=1000)
    slowest = max(outcome.seconds)
    print(f"reloads                 {len(outcome.seconds)}")
    print(f"good answers            {outcome.answers}")
    print(f"faults                  {len(outcome.faults)}")
    print(f"all follow after        {statistics.median(outcome.seconds):.2f} s, median")
    print(f"                        {slowest:.2f} s, slowest")
    print(f"a request takes         {latencies[499] * 1e3:.1f} ms, median")
    print(f"                        {latencies[989] * 1e3:.1f} ms, 99 of 100")
    print(f"                        {max(outcome.latencies) * 1e3:.1f} ms, slowest")
    print(f"versions in memory      {[len(one) for one in outcome.mapped]}, by worker")
    for fault in outcome.faults[:5]:
        print(f"  {fault}")
    kept = any(len(one) > 1 for one in outcome.mapped)
    return int(bool(outcome.faults) or slowest > SOONEST or kept)


if __name__ == "__main__":
    sys.exit(main())
