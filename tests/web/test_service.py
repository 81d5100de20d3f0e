"""What the other routes answer, and the headers of every answer."""

import re

import pytest
from flask.testing import FlaskClient

GET_PATHS = ["/", "/v1/topics", "/v1/model", "/healthz", "/readyz", "/static/page.css"]


def test_topics(client: FlaskClient) -> None:
    answer = client.get("/v1/topics")
    assert answer.json is not None
    assert answer.json["model"] == "0123456789abcdef"
    assert [topic["id"] for topic in answer.json["topics"]] == [
        "trade",
        "energy",
        "sanctions",
    ]
    assert answer.json["topics"][0] == {
        "id": "trade",
        "names": {"fa": "تجارت", "en": "Trade"},
        "covers": "خرید و فروش میان کشورها",
        "excludes": "بازار داخلی",
        "threshold": 0.5,
        "preferred": {"precision": 0.8, "recall": 0.04},
        "review": {"low": 0.3, "high": 0.7},
    }


def test_model(client: FlaskClient) -> None:
    assert client.get("/v1/model").json == {
        "version": "0123456789abcdef",
        "format": 1,
        "topics": ["trade", "energy", "sanctions"],
        "seeds": "seeds-digest",
        "libraries": {"numpy": "2.0"},
        "evaluation": {"macro_f1": 0.9},
    }


def test_health(client: FlaskClient) -> None:
    assert client.get("/healthz").json == {"status": "ok"}
    assert client.get("/readyz").json == {
        "status": "ready",
        "model": "0123456789abcdef",
    }


@pytest.mark.parametrize("path", GET_PATHS)
def test_get_answers_revalidate(client: FlaskClient, path: str) -> None:
    answer = client.get(path, buffered=True)
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-cache"


def test_post_answers_are_not_stored(client: FlaskClient) -> None:
    answer = client.post("/v1/classify", json={"text": "برق"})
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", [*GET_PATHS, "/nothing"])
def test_security_headers(client: FlaskClient, path: str) -> None:
    headers = client.get(path, buffered=True).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert "unsafe" not in policy
    assert "http" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"


@pytest.mark.parametrize("given", ["desk-42", "a" * 128, "0:1.2_3"])
def test_request_id_is_kept(client: FlaskClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert answer.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "a b", "a" * 129, "<b>", "é", "a\tb", "a,b"])
def test_unfit_request_id_is_replaced(client: FlaskClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


def test_request_ids_differ(client: FlaskClient) -> None:
    ids = {client.get("/healthz").headers["X-Request-ID"] for _ in range(3)}
    assert len(ids) == 3
