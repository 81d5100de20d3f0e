"""Reading a request's body: of one media type, only so much of it, unpacked."""

import zlib
from collections.abc import Iterable, Iterator
from typing import IO

from flask import request
from werkzeug import exceptions
from werkzeug.exceptions import (
    BadRequest,
    HTTPException,
    RequestEntityTooLarge,
    RequestTimeout,
    UnsupportedMediaType,
)

JSON = "application/json"
JSON_LINES = "application/x-ndjson"
# A stream that was packed may unpack to this, or to so many times its own size. Packed
# Persian news has a fifth of its size.
UNPACKED_BYTES = 64 * 1024 * 1024
UNPACKED_TIMES = 100

_LINES = (JSON_LINES, "application/ndjson", "application/jsonl")
_UTF8 = ("utf-8", "utf8", "us-ascii")
_GZIP = zlib.MAX_WBITS | 16  # what zlib calls the form
_PIECE_BYTES = 64 * 1024


class Unreadable(BadRequest):
    """The body breaks off, or its chunks are malformed."""

    description = "The body could not be read to its end."


def read_json(most: int, *, unpack: bool = False) -> bytes:
    """The body's bytes, not yet decoded.

    Args:
        most: How many bytes it may have, unpacked too.
        unpack: Whether it may be packed with gzip.

    Raises:
        UnsupportedMediaType: The headers announce something else than JSON in UTF-8.
        RequestEntityTooLarge: It is larger, announced or not.
        BadRequest: It breaks off, its chunks are malformed, or it is not gzip.
        NotImplemented: It comes in another transfer coding than chunked.
    """
    if not request.is_json:
        raise UnsupportedMediaType(
            f"The body must be JSON; send it with Content-Type: {JSON}."
        )
    packed = _is_packed(unpack)
    body = _read(most)
    return _join(_unpack([body]), most) if packed else body


def arriving_lines() -> Iterator[bytes]:
    """The body of a stream, unpacked, in pieces as they come.

    Raises:
        UnsupportedMediaType: The headers announce something else than JSON lines in
            UTF-8.
        NotImplemented: It comes in another transfer coding than chunked.
        RequestEntityTooLarge: While it is read: it unpacks to far more than was sent.
        BadRequest: While it is read: it breaks off, its chunks are malformed, or it is
            not gzip.
    """
    if request.mimetype not in _LINES:
        raise UnsupportedMediaType(
            f"The body must be JSON lines; send it with Content-Type: {JSON_LINES}."
        )
    packed = _is_packed(True)
    pieces = _arriving(_stream(), request.content_length or 0)
    return _unpack(pieces) if packed else pieces


def _is_packed(allowed: bool) -> bool:
    """Whether the body is gzip, by its headers, which must not say anything else."""
    coding: str = request.environ.get("HTTP_TRANSFER_ENCODING", "chunked")
    if coding.lower() != "chunked":
        raise exceptions.NotImplemented(
            "The only transfer coding is chunked; name gzip in Content-Encoding."
        )
    if request.mimetype_params.get("charset", "utf-8").lower() not in _UTF8:
        raise UnsupportedMediaType("JSON is UTF-8; leave out another charset.")
    packing: str = request.environ.get("HTTP_CONTENT_ENCODING", "identity").lower()
    if packing == "identity":
        return False
    if not allowed:
        raise UnsupportedMediaType("Send the body without a Content-Encoding.")
    if packing not in {"gzip", "x-gzip"}:
        raise UnsupportedMediaType("The only Content-Encoding is gzip.")
    return True


def _stream() -> IO[bytes]:
    """Where the body is read, of a server that ends it by itself or of any other."""
    environ = request.environ
    if environ.get("wsgi.input_terminated"):
        # Werkzeug would come to the same, after it has asked for all that may be.
        own: IO[bytes] = environ["wsgi.input"]
        return own
    return request.stream


def _read(most: int) -> bytes:
    announced = request.content_length or 0
    if announced > most:
        raise _too_large(most)
    try:
        stream = _stream()
        body = stream.read(most + 1)
        # One that has come whole is not asked for more; chunks announce nothing.
        while len(body) != announced and len(body) <= most:
            piece = stream.read(most + 1 - len(body))
            if not piece:
                break
            body += piece
    except Exception as error:  # noqa: BLE001 - each server has its own
        raise _broken(error) from None
    if len(body) > most:
        raise _too_large(most)
    if len(body) < announced:
        raise Unreadable
    return body


def _arriving(stream: IO[bytes], announced: int) -> Iterator[bytes]:
    came = 0
    try:
        while piece := _what_came(stream):
            came += len(piece)
            yield piece
    except Exception as error:  # noqa: BLE001 - each server has its own
        raise _broken(error) from None
    if came < announced:
        raise Unreadable


def _what_came(stream: IO[bytes]) -> bytes:
    """What of the body has come, at least a byte; none at its end.

    gunicorn's stream waits until it has all that it is asked for, at least a kilobyte.
    The reader below it keeps what it received beyond what it was asked for.
    """
    reader = getattr(stream, "reader", None)
    if reader is None:
        return stream.read(_PIECE_BYTES)
    # It notes where the body is broken, as `read` would.
    read = stream._read_reader  # type: ignore[attr-defined]
    first: bytes = read(1)
    received = getattr(reader, "unreader", reader).buf.tell()
    if not first or not received:
        return first
    return first + bytes(read(min(received, _PIECE_BYTES)))


def _unpack(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """What gzip's members hold, one after the other, in pieces.

    Raises:
        RequestEntityTooLarge: It unpacks to far more than was sent.
        BadRequest: It is not gzip, or it breaks off.
    """
    member = zlib.decompressobj(_GZIP)
    sent = unpacked = 0
    for piece in pieces:
        sent += len(piece)
        rest, full = piece, False
        while rest or full:
            if member.eof:
                member = zlib.decompressobj(_GZIP)
            try:
                content = member.decompress(rest, _PIECE_BYTES)
            except zlib.error:
                raise BadRequest("The body is not gzip.") from None
            unpacked += len(content)
            _check_growth(sent, unpacked)
            yield content
            full = len(content) == _PIECE_BYTES and not member.eof
            rest = member.unused_data if member.eof else member.unconsumed_tail
    if not member.eof:
        raise BadRequest("The body breaks off before the end of its gzip.")


def _check_growth(sent: int, unpacked: int) -> None:
    if unpacked > max(UNPACKED_BYTES, UNPACKED_TIMES * sent):
        raise RequestEntityTooLarge(
            f"The body unpacks to more than {UNPACKED_TIMES} times its size; "
            "send it unpacked, or in parts."
        )


def _join(pieces: Iterable[bytes], most: int) -> bytes:
    body = bytearray()
    for piece in pieces:
        body += piece
        if len(body) > most:
            raise _too_large(most)
    return bytes(body)


def _broken(error: Exception) -> HTTPException:
    if isinstance(error, TimeoutError):
        return RequestTimeout("The body came too slowly; send it faster, or in parts.")
    return Unreadable()


def _too_large(most: int) -> HTTPException:
    return RequestEntityTooLarge(
        f"The body is larger than {most} bytes; send less text."
    )
