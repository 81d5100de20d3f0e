"""An exchange is timed, weighed and counted to its end."""

import json
from collections.abc import Iterator
from typing import Any, cast

import pytest
from flask import Flask, Response
from flask.testing import FlaskClient

from service.tagging.tagger import Article, Tagger, Wish
from service.web import logs, observing
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
