"""`python -m benchmarks.reloads`: the model changed again and again under load.

gunicorn with two workers answers eight connections that never pause, while two versions
with other scores are promoted in turn. No request may fail, every answer must have the
scores of the version that it names, and both workers must follow within two seconds.
"""

import argparse
import json
import math
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.serving import HOST, PATIENCE, served, workers_of
from service.tagging.model_file import Model, ModelFileError
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger
from training.seed_files import SeedError
from training.seeds import read_seeds

_CONNECTIONS = 8
_ARTICLES = 50
_SOONEST = 2.0  # seconds in which every worker must follow
_SAME = 1e-9
# A machine that is busy with other things is no fault of a reload; the times tell it.
_SETTINGS = {"BARCHASB_QUEUE_MS": "10000"}

type Scores = dict[str, float]


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


class Connection(threading.Thread):
    """Asks without a pause, over one connection that is kept."""

    def __init__(
        self,
        port: int,
        articles: Sequence[Article],
        expected: dict[str, list[Scores]],
    ) -> None:
        super().__init__(daemon=True)
        self.version: str | None = None
        self.faults: list[str] = []
        self.latencies: list[float] = []
        self.ending = False
        self._http = HTTPConnection(HOST, port, timeout=PATIENCE)
        self._expected = expected
        self._bodies = [
            json.dumps({"title": article.title, "text": article.text})
            for article in articles
        ]

    def run(self) -> None:
        """Ask until told to end."""
        place = 0
        while not self.ending:
            started = time.perf_counter()
            try:
                self._ask(place)
            except (OSError, HTTPException, ValueError, KeyError) as error:
                self.faults.append(repr(error))
                self._http.close()
            self.latencies.append(time.perf_counter() - started)
            place = (place + 1) % len(self._bodies)
        self._http.close()

    def _ask(self, place: int) -> None:
        headers = {"Content-Type": "application/json"}
        self._http.request("POST", "/v1/classify", self._bodies[place], headers)
        response = self._http.getresponse()
        body = response.read()
        if response.status != 200:  # noqa: PLR2004 - HTTP
            raise ValueError(f"status {response.status}: {body[:200]!r}")
        answer = json.loads(body)
        version = answer["model"]
        expected = self._expected[version][place]
        found = {topic["id"]: topic["score"] for topic in answer["topics"]}
        if not all(
            math.isclose(found[topic], score, rel_tol=0, abs_tol=_SAME)
            for topic, score in expected.items()
        ):
            raise ValueError(f"version {version}, but its scores are another's")
        self.version = version


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
    versions = [store.add(model), store.add(_shifted(model))]
    expected = {version: _scores(store, version, articles) for version in versions}
    store.promote(versions[0])
    outcome = Outcome()
    with served(store.root, root / "log", **_SETTINGS) as (port, pid):
        connections = [
            Connection(port, articles, expected) for _ in range(_CONNECTIONS)
        ]
        for connection in connections:
            connection.start()
        for turn in range(reloads):
            seconds = _promote(store, versions[(turn + 1) % 2], connections)
            outcome.seconds.append(seconds)
            if math.isinf(seconds):
                break
        outcome.mapped = [_mapped(worker, versions) for worker in workers_of(pid)]
        for connection in connections:
            connection.ending = True
        for connection in connections:
            connection.join(PATIENCE)
            outcome.faults += connection.faults
            outcome.latencies += connection.latencies
    outcome.answers = len(outcome.latencies) - len(outcome.faults)
    return outcome


def _shifted(model: Model) -> Model:
    """The same model with other scores."""
    intercepts = model.weights.intercepts - 0.5
    return replace(model, weights=model.weights._replace(intercepts=intercepts))


def _scores(
    store: ModelStore, version: str, articles: Sequence[Article]
) -> list[Scores]:
    tagged = Tagger(store.load(version)).tag(articles)
    return [{one.topic.id: one.score for one in article.topics} for article in tagged]


def _promote(
    store: ModelStore, version: str, connections: Sequence[Connection]
) -> float:
    """Promote; returns the seconds until all were answered by it."""
    store.promote(version)
    started = time.monotonic()
    while any(connection.version != version for connection in connections):
        if time.monotonic() - started > PATIENCE:
            return math.inf
        time.sleep(0.005)
    return time.monotonic() - started


def _mapped(pid: int, versions: Sequence[str]) -> set[str]:
    maps = Path(f"/proc/{pid}/maps").read_text("utf-8")
    return {version for version in versions if f"/{version}/" in maps}


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns 1 where a promise is broken."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.reloads", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--reloads", type=int, default=100)
    options = parser.parse_args(arguments)
    try:
        model = ModelStore(options.models).live()
        whole = (seed for seed in read_seeds(options.seeds).seeds if seed.text)
        articles = [Article(one.title, one.text) for one in whole][:_ARTICLES]
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
    return int(bool(outcome.faults) or slowest > _SOONEST or kept)


if __name__ == "__main__":
    sys.exit(main())
