import functools
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.settings import Settings
from tests.web.asking import MAX_BODY_BYTES, Post
from tests.web.fake_tagger import FakeTagger


@pytest.fixture(autouse=True)
def _own_log() -> Iterator[None]:
    """Give the process its own log back."""
    root = logging.getLogger()
    handlers, level, raising = root.handlers[:], root.level, logging.raiseExceptions
    yield
    root.handlers[:], logging.raiseExceptions = handlers, raising
    root.setLevel(level)


@pytest.fixture
def app() -> Flask:
    settings = Settings(models=Path("none"), max_body_bytes=MAX_BODY_BYTES)
    return create_app(functools.partial(cast, Tagger, FakeTagger()), settings)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


@pytest.fixture
def classify(client: FlaskClient) -> Post:
    """Posts raw bytes, or a JSON value, to /v1/classify."""

    def post(
        body: bytes | dict[str, object],
        content_type: str = "application/json",
        headers: dict[str, str] | None = None,
    ) -> TestResponse:
        sent = {"data" if isinstance(body, bytes) else "json": body}
        return client.post(
            "/v1/classify", content_type=content_type, headers=headers, **sent
        )

    return post
