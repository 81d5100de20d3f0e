import http.client
import io

import pytest
from flask.testing import FlaskClient

from service.web.app import create_app
from service.web.cors import Origins
from service.web.refusals import BUSY
from service.web.settings import Settings
from tests.web.fake_tagger import FakeTagger

DESK = "https://desk.example"


def serving(origins: str) -> FlaskClient:
    tagger = FakeTagger()
    settings = Settings(cors_origins=origins)
    return create_app(lambda: tagger, settings).test_client()  # type: ignore[arg-type, return-value]  # a fake


@pytest.mark.parametrize(
    ("origins", "origin", "allowed"),
    [
        ("none", DESK, None),
        (DESK, DESK, DESK),
        (f"http://a.example,{DESK}", DESK, DESK),
        (DESK, "https://other.example", None),
        (DESK, "https://desk.example.evil", None),
        (DESK, "null", None),
        ("*", DESK, DESK),
        ("*", None, "*"),
    ],
)
def test_answer_is_open_to_the_origins_that_are_set(
    origins: str, origin: str | None, allowed: str | None
) -> None:
    headers = {"Origin": origin} if origin else {}
    answer = serving(origins).post(
        "/v1/classify", json={"text": "برق"}, headers=headers
    )
    assert answer.status_code == 200
    assert answer.headers.get("Access-Control-Allow-Origin") == allowed
    assert "Access-Control-Allow-Credentials" not in answer.headers
    if origins != "none":
        assert "Origin" in answer.headers["Vary"]
    if allowed:
        assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]


def test_problem_is_open_too() -> None:
    answer = serving(DESK).post("/v1/classify", json={}, headers={"Origin": DESK})
    assert answer.status_code == 422
    assert answer.headers["Access-Control-Allow-Origin"] == DESK


def test_browser_that_asks_first_is_told_what_it_may() -> None:
    answer = serving(DESK).options(
        "/v1/classify/batch",
        headers={
            "Origin": DESK,
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization, content-type",
        },
    )
    assert answer.status_code == 200
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    for name in ("Authorization", "Content-Type", "X-API-Key"):
        assert name in answer.headers["Access-Control-Allow-Headers"]


@pytest.mark.parametrize("path", ["/", "/metrics", "/readyz"])
def test_only_the_api_is_open(path: str) -> None:
    answer = serving("*").get(path, headers={"Origin": DESK})
    assert "Access-Control-Allow-Origin" not in answer.headers


@pytest.mark.parametrize("origins", ["none", DESK, f"http://a.example,{DESK}", "*"])
@pytest.mark.parametrize("origin", [DESK, "https://other.example", "null", None])
@pytest.mark.parametrize("path", ["/v1/classify", "/v1/classify?a=/", "/", "/a?/v1/"])
def test_refusal_before_its_turn_is_as_open(
    origins: str, origin: str | None, path: str
) -> None:
    said = f"origin: {origin}\r\n" if origin else ""
    asked = f"POST {path} HTTP/1.1\r\nHost: x\r\n{said}".encode()
    refused = BUSY.answer(asked, "desk-42", origins=Origins(origins)).partition(
        b"\r\n"
    )[2]
    found = http.client.parse_headers(io.BytesIO(refused))
    headers = {"Origin": origin} if origin else {}
    answered = serving(origins).post(path, json={}, headers=headers).headers
    assert found["Retry-After"] == "1"
    allowing = "Access-Control-Allow-Origin", "Access-Control-Expose-Headers"
    for name in ("Vary", *allowing):
        assert found[name] == answered.get(name)
