"""How these tests ask the service, and what every refusal must look like."""

from collections.abc import Callable
from typing import Any

from werkzeug.test import TestResponse

MAX_BODY_BYTES = 64 * 1024

type Post = Callable[..., TestResponse]


def assert_problem(answer: TestResponse, status: int) -> dict[str, Any]:
    assert answer.status_code == status
    assert answer.content_type == "application/problem+json"
    problem: dict[str, Any] = answer.json
    assert set(problem) - {"field"} == {"type", "title", "status", "detail"}
    assert problem["type"] == "about:blank"
    assert problem["status"] == status
    assert problem["title"]
    assert problem["detail"].endswith(".")
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Request-ID"]
    return problem
