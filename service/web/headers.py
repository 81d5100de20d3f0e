"""Headers that every answer carries."""

import re
import secrets

type Pairs = list[tuple[str, str]]
"""Headers as WSGI has them."""

_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,128}")

_ID_BYTES = 16  # random; uuid.uuid4, for as many, takes four times as long

_POLICY = "Content-Security-Policy"
_STRICT = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_SECURITY = [
    ("X-Content-Type-Options", "nosniff"),
    ("X-Frame-Options", "DENY"),
    ("Referrer-Policy", "no-referrer"),
    ("Cross-Origin-Opener-Policy", "same-origin"),
    ("Cross-Origin-Resource-Policy", "same-origin"),
]
_CACHE = "Cache-Control"
_ERROR = 400  # the least status of one


def request_id(given: str) -> str:
    """A request's id: the caller's own if it is fit for a log, else a new one."""
    return given if _REQUEST_ID.fullmatch(given) else secrets.token_hex(_ID_BYTES)


def complete(headers: Pairs, method: str, status: int, identity: str) -> Pairs:
    """An answer's headers and the common ones; a policy of its own stays.

    Args:
        headers: Those that the application answers with.
        method: The request's.
        status: The answer's.
        identity: The request's id.
    """
    names = {name.title() for name, _ in headers}
    completed = [*headers, ("X-Request-ID", identity), *_SECURITY]
    if _POLICY not in names:
        completed.append((_POLICY, _STRICT))
    if method == "POST" or status >= _ERROR:
        completed = [one for one in completed if one[0].title() != _CACHE]
        completed.append((_CACHE, "no-store"))
    elif _CACHE not in names:
        completed.append((_CACHE, "no-cache"))
    return completed
