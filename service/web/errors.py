"""Errors as RFC 9457 problem JSON: one shape for every status.

Our own exceptions beside Werkzeug's:

    HTTPException
    ├── NotFound
    │   └── CardMissing       (card.py) the model that is served has no card
    └── UnprocessableEntity
        └── FieldError        a field of the body, or of the query, cannot be used
"""

import logging
import traceback

import msgspec
from flask import Flask, Response, request
from werkzeug.datastructures import Headers
from werkzeug.exceptions import (
    HTTPException,
    InternalServerError,
    MethodNotAllowed,
    NotFound,
    PreconditionFailed,
    UnprocessableEntity,
)

_log = logging.getLogger(__name__)

_OUR_WORDS: dict[type[HTTPException], str] = {
    NotFound: "Nothing is served at this path.",
    MethodNotAllowed: "This path does not answer that method; see the Allow header.",
    PreconditionFailed: "If-Match names something else than what is here now.",
}


class FieldError(UnprocessableEntity):
    """A field of body or query is missing, unknown or has a value of no use."""

    def __init__(self, field: str, detail: str) -> None:
        super().__init__(detail)
        self.field = field


class Problem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The body of every error answer.

    Attributes:
        type: `about:blank`: the status says what kind of problem it is (RFC 9457).
        title: The status in words.
        status: The HTTP status.
        detail: What is wrong with this request, and the cure.
        field: The field of the request's body, or the parameter of its query, that is
            wrong, where there is one.
    """

    type: str
    title: str
    status: int
    detail: str
    field: str | None = None


def register(app: Flask) -> None:
    """Answer every error of the app with a problem."""
    app.register_error_handler(HTTPException, _refused)
    app.register_error_handler(Exception, _failed)


def problem_of(error: Exception) -> Problem:
    """Tell an error; one that is no refusal is logged, and told as a failure."""
    if not isinstance(error, HTTPException):
        return _log_failure(error)
    return Problem(
        type="about:blank",
        title=error.name,
        status=error.code or InternalServerError.code,
        detail=_OUR_WORDS.get(type(error)) or error.description or error.name,
        field=error.field if isinstance(error, FieldError) else None,
    )


def _refused(error: HTTPException) -> Response:
    headers = Headers(error.get_headers())  # Allow, Retry-After and the like
    headers.remove("Content-Type")
    return _answer(problem_of(error), headers)


def _failed(error: Exception) -> Response:
    return _answer(problem_of(error), Headers())


def _answer(problem: Problem, headers: Headers) -> Response:
    return Response(
        msgspec.json.encode(problem),
        status=problem.status,
        headers=headers,
        content_type="application/problem+json",
    )


def _log_failure(error: Exception) -> Problem:
    # Only the type and the place: an exception's message, and so a traceback as
    # it is usually logged, may quote the article.
    _log.error(
        "request %s failed: %s at %s",
        request.headers["X-Request-ID"],
        type(error).__name__,
        place(error),
    )
    return problem_of(
        InternalServerError(
            "The service failed to answer. Its log has the reason "
            "under this answer's X-Request-ID."
        )
    )


def place(error: BaseException) -> str:
    """Where it came from, innermost first, without what it says."""
    frames = traceback.extract_tb(error.__traceback__)[-6:]
    return " < ".join(
        f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in reversed(frames)
    )
