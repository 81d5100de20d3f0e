"""A line for each request and event: what it tells, and what it never tells."""

import json
import logging
import sys

import pytest
from flask.testing import FlaskClient

from service.web import logs
from service.web.settings import Settings

SECRET = "SECRET"  # noqa: S105 - what must not be told
FIELDS = {
    "time",
    "level",
    "logger",
    "process",
    "event",
    "request_id",
    "method",
    "route",
    "status",
    "ms",
    "decode_ms",
    "tag_ms",
    "encode_ms",
    "bytes_in",
    "bytes_out",
    "articles",
    "address",
    "key",
    "model",
}


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, object]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_request_is_one_line(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(Settings())
    answer = client.get("/v1/topics", headers={"X-Request-ID": "desk-42"})
    answer.close()
    (line,) = lines(capsys)
    assert set(line) == FIELDS
    assert line["level"] == "info"
    assert line["event"] == "answered"
    assert line["request_id"] == "desk-42"
    assert (line["method"], line["route"]) == ("GET", "/v1/topics")
    assert (line["status"], line["bytes_out"]) == (200, len(answer.data))
    assert line["address"] == "127.0.0.1"
    assert str(line["time"]).endswith("+00:00")


@pytest.mark.parametrize("path", [f"/{SECRET}", f"/static/{SECRET}", f"/?{SECRET}"])
def test_nothing_a_caller_wrote_is_logged(
    client: FlaskClient, capsys: pytest.CaptureFixture[str], path: str
) -> None:
    logs.configure(Settings())
    headers = {"X-Request-ID": f"{SECRET} "}
    client.post(path, data=SECRET, headers=headers, buffered=True)
    client.get(path, buffered=True, headers={"User-Agent": SECRET, "Referer": SECRET})
    client.open(path, method=SECRET, buffered=True)
    told = lines(capsys)
    assert [line["method"] for line in told] == ["POST", "GET", "other"]
    assert SECRET not in str(told)


def test_failure_is_an_error_without_its_message(
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def fail(*_: object) -> None:
        raise RuntimeError(SECRET)

    logs.configure(Settings())
    monkeypatch.setattr("service.web.payloads.TopicsAnswer.of", fail)
    assert client.get("/v1/topics", buffered=True).status_code == 500
    printed = capsys.readouterr().out
    assert SECRET not in printed
    told = [json.loads(line) for line in printed.splitlines()]
    assert [line["level"] for line in told] == ["error", "error"]
    assert told[1]["status"] == 500
    assert told[1]["request_id"] in told[0]["event"]


def test_exception_is_told_by_type_and_place(
    capsys: pytest.CaptureFixture[str],
) -> None:
    logs.configure(Settings())
    try:
        int(SECRET)
    except ValueError:
        logging.getLogger("tests").exception("it broke")
    (line,) = lines(capsys)
    assert line["event"] == "it broke"
    assert line["error"] == "ValueError"
    assert f"{__file__}:" in str(line["place"])
    assert SECRET not in str(line)


def test_level_is_the_settings(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(Settings(log_level="warning"))
    client.get("/healthz", buffered=True)
    assert lines(capsys) == []


def test_text_is_for_people(
    client: FlaskClient, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure(Settings(log_format="text"))
    client.get("/healthz", buffered=True)
    logging.getLogger("tests").warning("two\nlines")
    first, second = capsys.readouterr().out.splitlines()
    assert " INFO answered " in first
    assert ' route="/healthz" status=200 ' in first
    assert "key=" not in first
    assert " WARNING two lines logger=" in second


def test_log_that_cannot_be_written_stops_nothing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Full:
        def write(self, _: str) -> int:
            raise OSError(28, "No space left on device")

        def flush(self) -> None:
            pass

    monkeypatch.setattr(sys, "stdout", Full())
    logs.configure(Settings())
    assert client.get("/healthz", buffered=True).status_code == 200
