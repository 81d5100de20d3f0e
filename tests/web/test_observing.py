"""An exchange is timed, weighed and counted to its end."""

import io
import json
from collections.abc import Callable, Iterator
from typing import Any, cast

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from service.tagging.tagger import Article, Tagger, Wish
from service.web import decoding, logs, observing, payloads
from service.web.metrics import EXTENSION, Metrics
from service.web.settings import Settings
from tests.web.fake_tagger import FakeTagger

ARTICLES = [Article("", "برق"), Article("", "صادرات"), Article("", "English")]


@pytest.fixture
def client() -> FlaskClient:
    """Asks an application that streams, tags, fails and times."""
    tagger = cast(Tagger, FakeTagger())
    app = Flask(__name__)

    @app.post("/stream")
    def stream() -> Response:
        exchange = observing.current()

        def lines() -> Iterator[bytes]:
            for article in ARTICLES:
                tagged = exchange.tag(tagger, article, Wish())
                line = f"{tagged.language}\n".encode()
                exchange.turn_to(None)
                yield line

        return Response(lines())

    @app.get("/fails")
    def fails() -> str:
        raise RuntimeError

    app.testing = True  # what a view raises reaches the server
    observing.register(app, Metrics(lambda: tagger))
    return app.test_client()


def line(capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    (printed,) = capsys.readouterr().out.splitlines()
    found: dict[str, Any] = json.loads(printed)
    return found


def counted(client: FlaskClient, name: str, **labels: str) -> float | None:
    metrics: Metrics = client.application.extensions[EXTENSION]
    return metrics.registry.get_sample_value(name, labels)


def test_stream_is_seen_to_its_end(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(Settings())
    answer = client.post("/stream", data=b"12345")
    pieces = answer.iter_encoded()
    assert next(pieces) == b"fa\n"
    assert counted(client, "barchasb_requests_in_flight") == 1
    assert capsys.readouterr().out == ""
    assert list(pieces) == [b"fa\n", b"en\n"]
    answer.close()
    assert counted(client, "barchasb_requests_in_flight") == 0
    told = line(capsys)
    assert (told["bytes_in"], told["bytes_out"], told["articles"]) == (5, 9, 3)
    assert told["model"] == "0123456789abcdef"
    assert told["tag_ms"] > 0
    assert told["encode_ms"] > 0
    assert told["decode_ms"] == 0
    assert told["tag_ms"] + told["encode_ms"] <= told["ms"]


def test_stream_that_is_left_is_ended(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(Settings())
    answer = client.post("/stream")
    next(answer.iter_encoded())
    answer.close()
    assert counted(client, "barchasb_requests_in_flight") == 0
    assert line(capsys)["articles"] == 1


def test_application_that_breaks_is_a_failure(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(Settings())
    with pytest.raises(RuntimeError):
        client.get("/fails")
    assert counted(client, "barchasb_requests_in_flight") == 0
    told = line(capsys)
    assert (told["status"], told["level"]) == (500, "error")


def test_time_counts_for_the_step_turned_to(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = iter([0.0, 1.0, 3.0, 6.0, 10.0, 11.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(now))
    metrics: Metrics = client.application.extensions[EXTENSION]
    exchange = observing.Exchange(metrics, {"REQUEST_METHOD": "GET"})
    for step in ("tag", "decode", "tag", None):
        exchange.turn_to(step)
    exchange.end({"REQUEST_METHOD": "GET"})
    for step, seconds in (("tag", 6), ("decode", 3), ("encode", 0)):
        found = counted(client, "barchasb_step_seconds_total", step=step)
        assert found == seconds
    total = counted(client, "barchasb_request_seconds_sum", method="GET", route="none")
    assert total == 11


class Clock:
    """Stands still but for what is told to take time."""

    now = 0.0

    def slowed[**P, R](
        self, function: Callable[P, R], seconds: float
    ) -> Callable[P, R]:
        def slow(*arguments: P.args, **options: P.kwargs) -> R:
            self.now += seconds
            return function(*arguments, **options)

        return slow


class SlowBody(io.BytesIO):
    """Comes line by line, each a hundred seconds late."""

    def __init__(self, clock: Clock, body: bytes) -> None:
        super().__init__(body)
        self._next = clock.slowed(self.readline, 100.0)

    def read(self, _most: int | None = -1, /) -> bytes:
        return self._next()


ARTICLE = '{"text": "برق"}'.encode()
BATCH = b'{"articles": [' + ARTICLE + b", " + ARTICLE + b"]}"


@pytest.mark.parametrize(
    ("route", "body", "steps", "rest"),
    [
        ("/v1/classify", ARTICLE, (1, 10, 0.5), 0),
        ("/v1/classify/batch", BATCH, (1 + 2 * 2, 2 * 10, 0.5), 0),
        # Waiting for what is still to come, and for its end, is no step.
        ("/v1/classify/stream", 2 * (ARTICLE + b"\n"), (2 * 2, 20, 1), 3 * 100),
    ],
    ids=["one", "batch", "stream"],
)
def test_every_route_turns_its_steps(  # noqa: PLR0913, PLR0917
    route: str,
    body: bytes,
    steps: tuple[float, float, float],
    rest: float,
    app: Flask,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr("time.perf_counter", lambda: clock.now)
    for owner, name, seconds in (
        (decoding, "decode_classify", 1.0),
        (decoding, "decode_batch", 1.0),
        (decoding, "decode_article", 2.0),
        (FakeTagger, "tag_one", 10.0),
        (payloads, "encode", 0.5),
    ):
        monkeypatch.setattr(owner, name, clock.slowed(getattr(owner, name), seconds))
    is_stream = route.endswith("stream")
    answer = app.test_client().post(
        route,
        input_stream=SlowBody(clock, body) if is_stream else io.BytesIO(body),
        environ_overrides={"wsgi.input_terminated": True},
        content_type="application/x-ndjson" if is_stream else "application/json",
        buffered=True,
    )
    assert answer.status_code == 200
    registry = app.extensions[EXTENSION].registry
    spent = [
        registry.get_sample_value("barchasb_step_seconds_total", {"step": step})
        for step in ("decode", "tag", "encode")
    ]
    assert tuple(spent) == steps
    labels = {"method": "POST", "route": route}
    total = registry.get_sample_value("barchasb_request_seconds_sum", labels)
    assert total == sum(steps) + rest
