"""Reading a request's body: only JSON, only so much of it."""

import contextlib
import time

from flask import Response, current_app, request
from werkzeug.exceptions import (
    BadRequest,
    ClientDisconnected,
    RequestEntityTooLarge,
    UnsupportedMediaType,
)

_UTF8 = ("utf-8", "utf8", "us-ascii")
_DRAIN_BYTES = 64 * 1024 * 1024
_DRAIN_SECONDS = 5.0
_PIECE_BYTES = 64 * 1024


def read_json() -> bytes:
    """The body's bytes, not yet decoded.

    Raises:
        UnsupportedMediaType: The headers announce something else than JSON in UTF-8.
        RequestEntityTooLarge: It is over `Settings.max_body_bytes`, announced or not.
        BadRequest: It breaks off, or its chunks are malformed.
    """
    _require_json()
    most = current_app.config["MAX_CONTENT_LENGTH"]
    try:
        body = request.get_data(cache=False)
        _require_end(body, most)
    except RequestEntityTooLarge:
        raise RequestEntityTooLarge(
            f"The body is larger than {most} bytes; send less text."
        ) from None
    except Exception:  # noqa: BLE001 - each server has its own for a broken body
        raise BadRequest("The body could not be read to its end.") from None
    return body


def _require_end(body: bytes, most: int) -> None:
    if len(body) < (request.content_length or 0):
        raise ClientDisconnected
    # Werkzeug cuts a body of unannounced length at the limit without a word.
    if len(body) == most and _is_terminated() and request.input_stream.read(1):
        raise RequestEntityTooLarge


def _require_json() -> None:
    if not request.is_json:
        raise UnsupportedMediaType(
            "The body must be JSON; send it with Content-Type: application/json."
        )
    if request.mimetype_params.get("charset", "utf-8").lower() not in _UTF8:
        raise UnsupportedMediaType("JSON is UTF-8; leave out another charset.")
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")


def drain(response: Response) -> Response:
    """Read what an error left unread of the body, within bounds.

    A client that is still sending when its connection closes sees a reset in place
    of the answer.
    """
    if _is_terminated() and response.status_code >= 400:  # noqa: PLR2004 - HTTP
        with contextlib.suppress(Exception):  # the answer is made; it only may not land
            _read_on()
    return response


def _is_terminated() -> bool:
    """Whether the server ends the stream itself, so that reading on cannot hang."""
    return bool(request.environ.get("wsgi.input_terminated"))


def _read_on() -> None:
    deadline = time.monotonic() + _DRAIN_SECONDS
    for _ in range(_DRAIN_BYTES // _PIECE_BYTES):
        piece = request.input_stream.read(_PIECE_BYTES)
        if not piece or time.monotonic() > deadline:
            return
