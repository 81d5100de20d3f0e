"""Headers that every answer carries."""

import re
import uuid

from flask import Response, g, request

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

_POLICY = "Content-Security-Policy"
_STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECURITY = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}


def request_id() -> str:
    """The id of the request under way: the caller's own if it is fit for a log."""
    if "request_id" not in g:
        given = request.headers.get("X-Request-ID", "")
        g.request_id = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
    return str(g.request_id)


def finish(response: Response) -> Response:
    """Put the common headers on an answer; a policy of its own stays."""
    response.headers["X-Request-ID"] = request_id()
    if _POLICY not in response.headers:
        response.headers[_POLICY] = _STRICT
    response.headers.extend(_SECURITY)
    if request.method == "POST" or response.status_code >= 400:  # noqa: PLR2004 - HTTP
        response.headers["Cache-Control"] = "no-store"
    elif "Cache-Control" not in response.headers:
        response.headers["Cache-Control"] = "no-cache"
    return response
