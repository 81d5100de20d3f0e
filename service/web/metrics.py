"""What Prometheus is told: requests, tags, scores, the model; added up over workers.

No label carries anything of an article, nor a value without bound: a route is its
template, a method one of HTTP's, and topics are the model's own.

Where a folder was made before this is imported (metrics_folder.py), every process keeps
its counts in files there and any of them can tell the sum. Without, as in tests, a
process counts for itself. Articles are counted when there is time: see `settle`.
"""

import contextlib
from bisect import bisect_left
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

from flask import Blueprint, Response
from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

from service.tagging.model_file import SCORE_EDGES
from service.tagging.tagger import TaggedArticle
from service.web.live import Live
from service.web.metrics_file import FOLDER, Value, counting

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
EXTENSION = "barchasb.metrics"  # an application's, in its `extensions`
STEPS = ("decode", "tag", "encode")
_NO_ROUTE = "none"  # of a path that is not served
_NO_LETTER = "none"  # the language of an article without any
_PERSIAN = "fa"
# Seconds. 0.25 is the longest that a request may wait before it is turned away.
_SECONDS = (
    *(0.0005, 0.001, 0.002, 0.004, 0.008, 0.016, 0.032, 0.064, 0.125, 0.25),
    *(0.5, 1.0, 2.5, 10.0),
)
_SHARES = (0.01, 0.02, 0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 1.0)
_MOST_UNCOUNTED = 64
_BINS = tuple(f"{edge:g}" for edge in SCORE_EDGES)


class _Tally(Counter):
    """A counter whose number is at hand."""

    _value: Value

    def number(self, *labels: str) -> Value:
        """What is counted with these labels."""
        labelled: _Tally = self.labels(*labels)
        return labelled._value


class _Spread(Histogram):
    """A histogram that is counted in while `counting` is held."""

    def count(self, amount: float) -> None:
        """As `observe`, with less ado."""
        self._sum.cell.value += amount
        self._buckets[bisect_left(self._upper_bounds, amount)].cell.value += 1.0


class _OfTopic(NamedTuple):
    tags: Value
    reviews: Value
    scores: tuple[Value, ...]  # for each bin


class _Found[Counted](dict[str, Counted]):
    """What is counted by a label; found, and kept, when it is first asked for."""

    def __init__(self, find: Callable[[str], Counted]) -> None:
        super().__init__()
        self._find = find

    def __missing__(self, label: str) -> Counted:
        counted = self[label] = self._find(label)
        return counted


class _OfRoute(NamedTuple):
    answers: Value
    seconds: _Spread


class Metrics:
    """The counts of a service; safe to share between threads.

    What stands for one combination of labels is kept here once found: to have
    prometheus_client find it takes far longer than to count.
    """

    def __init__(self, live: Live) -> None:
        self.registry = CollectorRegistry()
        self.registry.register(_OfModel(live))
        counted: CollectorRegistry | None = self.registry
        if FOLDER:  # others count, too
            MultiProcessCollector(self.registry)  # type: ignore[no-untyped-call]
            counted = None
        self._requests = _Tally(
            "barchasb_requests",
            "Requests answered.",
            ("method", "route", "status"),
            registry=counted,
        )
        self._seconds = _Spread(
            "barchasb_request_seconds",
            "Time from a request's head to the last byte of its answer.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=counted,
        )
        self.in_flight = Gauge(
            "barchasb_requests_in_flight",
            "Requests being answered.",
            multiprocess_mode="livesum",
            registry=counted,
        )
        self._refused = Counter(
            "barchasb_refused",
            "Requests that never reached the application: not HTTP, or too many.",
            ("status",),
            registry=counted,
        )
        step_seconds = _Tally(
            "barchasb_step_seconds",
            "Time spent on a step of answering.",
            ("step",),
            registry=counted,
        )
        self._step_seconds = {step: step_seconds.number(step) for step in STEPS}
        self._register_tagging(counted)
        self._register_model(counted)
        self._of_routes: dict[tuple[str, str, int], _OfRoute] = {}
        self._of_topics = _Found(self._of_topic)
        self._of_languages = _Found(self._articles.number)
        self._uncounted: deque[TaggedArticle] = deque()
        self._version: str | None = None

    def _register_tagging(self, counted: CollectorRegistry | None) -> None:
        self._articles = _Tally(
            "barchasb_articles",
            "Articles read; only those in Persian (fa) are tagged.",
            ("language",),
            registry=counted,
        )
        self._unseen = _Spread(
            "barchasb_unseen_words_ratio",
            "Share of a Persian article's words that the model does not know.",
            buckets=_SHARES,
            registry=counted,
        )
        self._tags = _Tally(
            "barchasb_tags", "Tags given.", ("topic",), registry=counted
        )
        self._reviews = _Tally(
            "barchasb_reviews",
            "Scores so uncertain that an editor should look.",
            ("topic",),
            registry=counted,
        )
        self._scores = _Tally(
            "barchasb_scores",
            "Scores above the bin before and up to this one's end.",
            ("topic", "upto"),
            registry=counted,
        )

    def _register_model(self, counted: CollectorRegistry | None) -> None:
        self._workers = Gauge(
            "barchasb_workers",
            "Workers that serve a version of the model.",
            ("version",),
            multiprocess_mode="livesum",
            registry=counted,
        )
        self._reloads = Counter(
            "barchasb_model_reloads",
            "Versions that a worker took up while running, or refused.",
            ("outcome",),
            registry=counted,
        )
        for outcome in ("done", "refused"):
            self._reloads.labels(outcome)

    def answered(
        self,
        method: str,
        route: str | None,
        status: int,
        seconds: float,
        spent: Mapping[str, float],
    ) -> None:
        """Count a request.

        Args:
            method: One of a few.
            route: The route's template, None where no route fits the path.
            status: Of the answer.
            seconds: That it took.
            spent: How many of them on each of `STEPS`.
        """
        found = (method, route or _NO_ROUTE, status)
        counted = self._of_routes.get(found) or self._add_route(*found)
        with counting:
            counted.answers.cell.value += 1.0
            counted.seconds.count(seconds)
            for step, took in spent.items():
                self._step_seconds[step].cell.value += took

    def _add_route(self, method: str, route: str, status: int) -> _OfRoute:
        counted = _OfRoute(
            self._requests.number(method, route, str(status)),
            self._seconds.labels(method, route),
        )
        self._of_routes[method, route, status] = counted
        return counted

    def refused(self, status: int, times: int = 1) -> None:
        """Count requests that the application never saw."""
        self._refused.labels(str(status)).inc(times)

    def tagged(self, article: TaggedArticle) -> None:
        """Have an article counted, its tags and its scores, by the next `settle`.

        To count many takes a third as long for each as to count one: after all else
        that a request runs, this code is in no cache of the processor any more.
        """
        self._uncounted.append(article)
        if len(self._uncounted) >= _MOST_UNCOUNTED:
            self.settle()

    def settle(self) -> None:
        """Count the articles that wait for it.

        To be called where there is time, and before counts are read.
        """
        with contextlib.suppress(IndexError):  # another thread may take the last one
            while self._uncounted:
                self._count(self._uncounted.popleft())

    def _count(self, article: TaggedArticle) -> None:
        language = article.language or _NO_LETTER
        topics = self._of_topics
        with counting:
            self._of_languages[language].cell.value += 1.0
            if language != _PERSIAN:
                return
            self._unseen.count(1.0 - article.known_words)
            for one in article.topics:
                topic = topics[one.id]
                topic.scores[bisect_left(SCORE_EDGES, one.score)].cell.value += 1.0
                if one.assigned:
                    topic.tags.cell.value += 1.0
                if one.review:
                    topic.reviews.cell.value += 1.0

    def _of_topic(self, topic: str) -> _OfTopic:
        return _OfTopic(
            self._tags.number(topic),
            self._reviews.number(topic),
            tuple(self._scores.number(topic, upto) for upto in _BINS),
        )

    def serves(self, version: str) -> None:
        """Count this process among those that serve a version, and no other."""
        if self._version is not None:
            self._workers.labels(self._version).set(0)
        self._workers.labels(version).set(1)
        self._version = version

    def reloaded(self, version: str) -> None:
        """Count that this process has taken up a version."""
        self._reloads.labels("done").inc()
        self.serves(version)

    def reload_refused(self) -> None:
        """Count a version that this process could not use."""
        self._reloads.labels("refused").inc()


class _OfModel(Collector):
    """What the live model tells of itself, looked up when Prometheus asks."""

    def __init__(self, live: Live) -> None:
        self._live = live

    def collect(self) -> Iterator[Metric]:
        model = self._live().model
        about = GaugeMetricFamily(
            "barchasb_model_info", "The live model.", labels=("version", "seeds")
        )
        about.add_metric((model.version, model.seeds), 1)
        yield about
        scores = GaugeMetricFamily(
            "barchasb_training_scores",
            "As barchasb_scores_total, of articles that training did not learn from.",
            labels=("topic", "upto"),
        )
        known = model.evaluation.get("scores", {})
        if known.get("edges") == list(SCORE_EDGES):
            for topic, counts in known["counts"].items():
                for upto, count in zip(_BINS, counts, strict=True):
                    scores.add_metric((topic, upto), count)
        yield scores


def blueprint(metrics: Metrics) -> Blueprint:
    """The route that Prometheus reads, speaking for all workers."""
    found = Blueprint("metrics", __name__)

    @found.get("/metrics")
    def show() -> Response:
        metrics.settle()
        return Response(generate_latest(metrics.registry), content_type=CONTENT_TYPE)

    return found


def process_ended(pid: int) -> None:
    """Forget what a process was doing; what it has done still counts."""
    mark_process_dead(pid)  # type: ignore[no-untyped-call]
