"""Connections that ask without a pause while versions change, and check answers."""

import argparse
import contextlib
import json
import math
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from http.client import HTTPConnection, HTTPException
from pathlib import Path

from benchmarks.serving import HOST, PATIENCE
from service.tagging.model_file import Model
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger
from training.seeds import read_seeds

SOONEST = 2.0  # seconds in which every worker must follow a promotion
# A machine that is busy with other things is no fault of a change; the times tell it.
SETTINGS = {"BARCHASB_QUEUE_MS": "10000"}
_CONNECTIONS = 8
_ARTICLES = 50
_SAME = 1e-9

type Scores = dict[str, float]


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
        self.latest: dict[str, float] = {}  # when each version answered last
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
        self.latest[version] = time.monotonic()


@contextlib.contextmanager
def asking(
    port: int, articles: Sequence[Article], expected: dict[str, list[Scores]]
) -> Iterator[list[Connection]]:
    """Ask over eight connections until the block ends."""
    connections = [Connection(port, articles, expected) for _ in range(_CONNECTIONS)]
    for connection in connections:
        connection.start()
    try:
        yield connections
    finally:
        for connection in connections:
            connection.ending = True
        for connection in connections:
            connection.join(PATIENCE)


def shifted(model: Model) -> Model:
    """The same model with other scores."""
    intercepts = model.weights.intercepts - 0.5
    return replace(model, weights=model.weights._replace(intercepts=intercepts))


def expected_scores(
    store: ModelStore, version: str, articles: Sequence[Article]
) -> list[Scores]:
    """What a version finds in each article."""
    tagged = Tagger(store.load(version)).tag(articles)
    return [{one.id: one.score for one in article.topics} for article in tagged]


def promote(
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


def options_of(
    parser: argparse.ArgumentParser, arguments: list[str] | None
) -> argparse.Namespace:
    """What was asked for, with where the model and articles come from."""
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    return parser.parse_args(arguments)


def material(options: argparse.Namespace) -> tuple[Model, list[Article]]:
    """The live model, and articles to ask about.

    Raises:
        ModelFileError: There is no model that can be read.
        SeedError: A seed cannot be used.
    """
    model = ModelStore(options.models).live()
    whole = (seed for seed in read_seeds(options.seeds).seeds if seed.text)
    return model, [Article(one.title, one.text) for one in whole][:_ARTICLES]
