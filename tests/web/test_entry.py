"""gunicorn's entry and its configuration."""

import gc
import logging
import runpy
import socket
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast
from unittest.mock import Mock

import pytest
from flask import Flask
from gunicorn.http import errors

from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.cors import Origins
from service.web.settings import Settings
from service.web.worker import ProblemWorker
from tests.web.fake_tagger import FakeTagger

ANYWHERE = "0.0.0.0"  # noqa: S104 - a value, nothing listens
CONFIGURATION = Path(__file__).parents[2] / "service" / "gunicorn_conf.py"


def run_entry() -> dict[str, Any]:
    return runpy.run_module("service.wsgi")


def test_entry_serves_the_live_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BARCHASB_MODELS", str(tmp_path))
    monkeypatch.setattr("service.tagging.model_store.ModelStore.live", lambda _: None)
    monkeypatch.setattr("service.tagging.tagger.Tagger", lambda _: FakeTagger())
    application = run_entry()["application"]
    assert isinstance(application, Flask)
    assert application.test_client().get("/readyz").status_code == 200


def test_entry_finds_the_card_of_the_live_model(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BARCHASB_MODELS", str(tmp_path))
    monkeypatch.setattr("service.tagging.model_store.ModelStore.live", lambda _: None)
    monkeypatch.setattr("service.tagging.tagger.Tagger", lambda _: FakeTagger())
    client = run_entry()["application"].test_client()
    assert client.get("/v1/model/card").status_code == 404
    card = tmp_path / FakeTagger().model.version / "card.html"
    card.parent.mkdir()
    card.write_bytes(b"<!doctype html>")
    assert client.get("/v1/model/card").data == b"<!doctype html>"


def test_entry_without_a_model_stops(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("BARCHASB_MODELS", str(tmp_path))
    with pytest.raises(SystemExit, match=r"^barchasb: .* run `make train`$"):
        run_entry()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(28, "No space left on device"), r".*NUMBA_CACHE_DIR.*No space left"),
        (PermissionError(13, "Permission denied", "models/live"), "models/live cannot"),
    ],
)
def test_entry_that_may_not_read_or_write_stops(
    error: OSError, told: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    def fail(_store: object) -> None:
        raise error

    monkeypatch.setenv("BARCHASB_MODELS", str(tmp_path))
    monkeypatch.setattr("service.tagging.model_store.ModelStore.live", fail)
    with pytest.raises(SystemExit, match=f"^barchasb: {told}"):
        run_entry()


@pytest.mark.parametrize(
    ("host", "bind"), [("10.0.0.1", "10.0.0.1:8000"), ("::1", "[::1]:8000")]
)
def test_configuration_follows_the_settings(
    monkeypatch: pytest.MonkeyPatch, host: str, bind: str
) -> None:
    monkeypatch.setenv("BARCHASB_HOST", host)
    monkeypatch.setenv("BARCHASB_ANONYMOUS", "tag")
    monkeypatch.setenv("BARCHASB_WORKERS", "3")
    configuration = runpy.run_path(str(CONFIGURATION))
    assert configuration["bind"] == bind
    assert configuration["workers"] == 3
    assert configuration["preload_app"] is True


@pytest.mark.parametrize(
    ("host", "hosts", "is_limited"),
    [
        ("127.0.0.1", ["127.0.0.1", "::1"], False),
        ("127.0.0.1", ["127.0.0.1", ANYWHERE], True),
        ("127.0.0.1", [], False),
        (ANYWHERE, ["127.0.0.1"], True),
    ],
)
def test_rate_is_that_of_all_it_listens_on(
    monkeypatch: pytest.MonkeyPatch, host: str, hosts: list[str], is_limited: bool
) -> None:
    monkeypatch.setenv("BARCHASB_HOST", host)
    monkeypatch.setenv("BARCHASB_ANONYMOUS", "tag")
    settings = Settings.from_environment()
    app = create_app(lambda: cast(Tagger, FakeTagger()), settings)
    address = [*((one, 8000) for one in hosts), "/run/barchasb.sock"]
    runpy.run_path(str(CONFIGURATION))["on_starting"](
        SimpleNamespace(
            app=SimpleNamespace(wsgi=lambda: app), cfg=SimpleNamespace(address=address)
        )
    )
    answer = app.test_client().post("/v1/classify", json={"text": "برق"})
    assert answer.status_code == 200
    assert ("RateLimit" in answer.headers) == is_limited


def test_workers_share_what_the_master_has_loaded() -> None:
    before = gc.get_freeze_count()
    runpy.run_path(str(CONFIGURATION))["when_ready"](None)
    try:
        assert gc.get_freeze_count() > before
    finally:
        gc.unfreeze()


def test_configuration_with_a_bad_setting_stops(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("BARCHASB_PORT", "http")
    with pytest.raises(SystemExit, match=r"^barchasb: BARCHASB_PORT is 'http'"):
        runpy.run_path(str(CONFIGURATION))


@pytest.fixture
def worker() -> ProblemWorker:
    made = ProblemWorker.__new__(ProblemWorker)
    made.log = logging.getLogger("tests.worker")
    made._origins = Origins("none")
    made._metrics = Mock()
    return made


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.LimitRequestLine(9, 8), b"414 "),
        (errors.InvalidHeader("SECRET"), b"400 Bad Request"),
        (RuntimeError("SECRET"), b"500 Internal Server Error"),
    ],
)
def test_worker_answers_in_problems(
    worker: ProblemWorker,
    error: Exception,
    status: bytes,
    caplog: pytest.LogCaptureFixture,
) -> None:
    here, there = socket.socketpair()
    with here, there:
        worker._answer_error(here, b"", error)
        answer = there.recv(4096)
    assert answer.startswith(b"HTTP/1.1 " + status)
    assert b"application/problem+json" in answer
    assert b"SECRET" not in answer
    assert type(error).__name__ in caplog.text
    assert "SECRET" not in caplog.text


def test_worker_bears_a_client_that_is_gone(worker: ProblemWorker) -> None:
    here, there = socket.socketpair()
    there.close()
    with here:
        worker._answer_error(here, b"", errors.InvalidHeader("X"))
