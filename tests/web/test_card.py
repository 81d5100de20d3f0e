from typing import cast

import pytest
from flask.testing import FlaskClient

from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.settings import Settings
from tests.web.asking import assert_problem
from tests.web.fake_tagger import CARDS, FakeTagger


@pytest.fixture
def with_card() -> FlaskClient:
    tagger = cast(Tagger, FakeTagger())
    return create_app(lambda: tagger, Settings(), CARDS.get).test_client()


def test_card_is_served_as_it_was_written(with_card: FlaskClient) -> None:
    answer = with_card.get("/v1/model/card")
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    assert answer.data == CARDS["0123456789abcdef"]


def test_card_may_style_itself_and_nothing_else(with_card: FlaskClient) -> None:
    headers = with_card.get("/v1/model/card").headers
    assert headers.get_all("Content-Security-Policy") == [
        "default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    ]
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"


def test_card_is_sent_once(with_card: FlaskClient) -> None:
    first = with_card.get("/v1/model/card")
    assert first.headers["Cache-Control"] == "no-cache"
    again = with_card.get(
        "/v1/model/card", headers={"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304
    assert again.data == b""


def test_page_leads_to_the_card(with_card: FlaskClient) -> None:
    assert 'href="/v1/model/card"' in with_card.get("/").text


def test_model_without_a_card(client: FlaskClient) -> None:
    problem = assert_problem(client.get("/v1/model/card"), 404)
    assert problem["detail"].startswith("The model has no card")
    policy = client.get("/v1/model/card").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert "/v1/model/card" not in client.get("/").text
