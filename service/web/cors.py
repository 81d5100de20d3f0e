"""Pages of other origins that may call the API from a browser (CORS)."""

from collections.abc import Callable

from flask import Response, request

_ASKED = (
    "Authorization, Content-Encoding, Content-Type, If-None-Match, X-API-Key, "
    "X-Request-ID"
)
_SHOWN = "ETag, RateLimit, RateLimit-Policy, Retry-After, X-Request-ID"
_SECONDS = "600"  # for which a browser need not ask again
_PATHS = ("/v1/", "/openapi.json")


def allow(setting: str) -> Callable[[Response], Response]:
    """What lets pages of other origins read the API's answers.

    Args:
        setting: `Settings.cors_origins`, other than "none".
    """
    origins = frozenset(setting.split(","))

    def finish(response: Response) -> Response:
        if not request.path.startswith(_PATHS):
            return response
        response.vary.add("Origin")
        origin = request.headers.get("Origin", "")
        if origin not in origins and setting != "*":
            return response
        response.headers["Access-Control-Allow-Origin"] = origin or "*"
        response.headers["Access-Control-Expose-Headers"] = _SHOWN
        if request.method == "OPTIONS":
            methods = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Methods"] = methods
            response.headers["Access-Control-Allow-Headers"] = _ASKED
            response.headers["Access-Control-Max-Age"] = _SECONDS
        return response

    return finish
