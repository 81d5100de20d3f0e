"""Answers to requests that never reach the application: problems, as all others are."""

import re
from functools import cached_property
from http import HTTPStatus

import msgspec
from gunicorn.http import errors  # type: ignore[import-untyped]

from service.web.cors import Origins
from service.web.errors import Problem
from service.web.headers import request_id

_RETRY_SECONDS = 1
# They never go back: of a line of many blanks that would take minutes.
_ID, _ORIGIN = (
    re.compile(rb"(?i)\r\n%b:[ \t]*+([!-~]*+)[ \t]*+(?=\r\n)" % name)
    for name in (b"x-request-id", b"origin")
)
_PATH = re.compile(rb"\A[A-Z]+ ([!->@-~]*)")  # up to a question mark
_NO_ORIGINS = Origins("none")


class Refusal(msgspec.Struct, frozen=True, dict=True):
    """Why a request is not answered.

    Attributes:
        status: The HTTP status.
        detail: What is wrong, and the cure.
    """

    status: int
    detail: str

    def answer(
        self,
        asked: bytes,
        identity: str,
        *,
        keep: bool = False,
        origins: Origins = _NO_ORIGINS,
    ) -> bytes:
        """The whole HTTP answer.

        Args:
            asked: The lines of the request's head, as far as they have come.
            identity: The request's id.
            keep: Whether the connection stays open for another request.
            origins: Whose pages may read it.
        """
        persistence = "keep-alive" if keep else "close"
        headers = {"Connection": persistence, "X-Request-ID": identity}
        headers |= origins.headers(_given(_PATH, asked), _given(_ORIGIN, asked))
        lines = "\r\n".join(f"{name}: {value}" for name, value in headers.items())
        # HEAD has none: a client would take it for the beginning of the next answer.
        body = b"" if asked.startswith(b"HEAD ") else self._body
        return f"{self._head}{lines}\r\n\r\n".encode("ascii") + body

    @cached_property
    def _head(self) -> str:
        lines = [
            f"HTTP/1.1 {self.status} {HTTPStatus(self.status).phrase}",
            "Content-Type: application/problem+json",
            f"Content-Length: {len(self._body)}",
            "Cache-Control: no-store",
        ]
        if self.status == HTTPStatus.SERVICE_UNAVAILABLE:
            lines.append(f"Retry-After: {_RETRY_SECONDS}")
        return "".join(f"{line}\r\n" for line in lines)

    @cached_property
    def _body(self) -> bytes:
        title = HTTPStatus(self.status).phrase
        return msgspec.json.encode(
            Problem(
                type="about:blank", title=title, status=self.status, detail=self.detail
            )
        )


def identity_of(asked: bytes) -> str:
    """The id of a request: what its head gives, if it is fit for a log, else a new one.

    Args:
        asked: The head's lines, as far as they have come.
    """
    return request_id(_given(_ID, asked))


def _given(pattern: re.Pattern[bytes], asked: bytes) -> str:
    """What a request's head says, nothing where it says it more than once."""
    found: list[bytes] = pattern.findall(asked)
    return found[0].decode() if len(found) == 1 else ""


BUSY = Refusal(503, "The service has more to do than it can; ask again in a second.")
OVERLONG = Refusal(431, "The request has too many or too long headers.")
FOREIGN = Refusal(400, "The request is not well-formed HTTP/1.1.")
SLOW = Refusal(408, "The request did not come in time; send it faster, or in parts.")

_OF_ERRORS = (
    (errors.LimitRequestLine, Refusal(414, "The request line is too long.")),
    (errors.LimitRequestHeaders, OVERLONG),
    (
        errors.ExpectationFailed,
        Refusal(417, "The only expectation that is met is 100-continue."),
    ),
    (
        errors.UnsupportedTransferCoding,
        Refusal(501, "The only transfer coding is chunked."),
    ),
    (errors.ParseException, FOREIGN),
    (Exception, Refusal(500, "The service failed to answer.")),
)


def refusal_of(error: Exception) -> Refusal:
    """What is answered where gunicorn or the application raised an error."""
    return next(refusal for kind, refusal in _OF_ERRORS if isinstance(error, kind))
