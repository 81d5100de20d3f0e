"""A gunicorn worker that answers in problems even where no application is reached."""

import uuid
from collections.abc import Mapping
from http import HTTPStatus
from socket import socket
from typing import Any
from urllib.parse import quote

import msgspec
from gunicorn import util  # type: ignore[import-untyped]
from gunicorn.glogging import Logger  # type: ignore[import-untyped]
from gunicorn.http import errors  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from service.web.errors import Problem

_REFUSALS = (
    (errors.LimitRequestLine, 414, "The request line is too long."),
    (errors.LimitRequestHeaders, 431, "The request has too many or too long headers."),
    (
        errors.ExpectationFailed,
        417,
        "The only expectation that is met is 100-continue.",
    ),
    (errors.UnsupportedTransferCoding, 501, "The only transfer coding is chunked."),
    (errors.ParseException, 400, "The request is not well-formed HTTP/1.1."),
    (Exception, 500, "The service failed to answer."),
)


class OneLineLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's logger, with a path that cannot begin a line of its own."""

    def atoms(self, *request: object) -> Mapping[str, Any]:
        """What the access log's format may name; the path is quoted again."""
        atoms: dict[str, Any] = super().atoms(*request)
        return {**atoms, "U": quote(str(atoms["U"]))}


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threaded worker, less the HTML of its own error answers."""

    def handle_error(
        self, _request: object, client: socket, _address: object, error: Exception
    ) -> None:
        """Answer a request that is not HTTP, or that broke the application.

        gunicorn would log the request's query and the exception's words, both of which
        may quote an article.
        """
        status, detail = next(
            (status, detail)
            for kind, status, detail in _REFUSALS
            if isinstance(error, kind)
        )
        self.log.warning("request refused: %s, %d", type(error).__name__, status)
        try:
            util.write_nonblock(client, _answer(status, detail))
        except OSError:
            self.log.debug("the client is gone")


def _answer(status: int, detail: str) -> bytes:
    title = HTTPStatus(status).phrase
    problem = Problem(type="about:blank", title=title, status=status, detail=detail)
    body = msgspec.json.encode(problem)
    head = (
        f"HTTP/1.1 {status} {title}\r\n"
        "Connection: close\r\n"
        "Content-Type: application/problem+json\r\n"
        f"Content-Length: {len(body)}\r\n"
        "Cache-Control: no-store\r\n"
        f"X-Request-ID: {uuid.uuid4().hex}\r\n"
        "\r\n"
    )
    return head.encode("ascii") + body
