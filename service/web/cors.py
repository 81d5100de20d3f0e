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


class Origins:
    """Whose pages may read the API's answers."""

    def __init__(self, setting: str) -> None:
        """Take up `Settings.cors_origins`."""
        self._any = setting == "*"
        self._named = (
            frozenset() if setting == "none" else frozenset(setting.split(","))
        )

    def headers(self, path: str, origin: str) -> dict[str, str]:
        """What tells a browser whether a page may read an answer.

        Args:
            path: What was asked for.
            origin: Whose page asks, empty where it is not said.
        """
        if not self._named or not path.startswith(_PATHS):
            return {}
        found = {"Vary": "Origin"}
        if self._any or origin in self._named:
            found["Access-Control-Allow-Origin"] = origin or "*"
            found["Access-Control-Expose-Headers"] = _SHOWN
        return found


def allow(setting: str) -> Callable[[Response], Response]:
    """What lets pages of other origins read the API's answers.

    Args:
        setting: `Settings.cors_origins`, other than "none".
    """
    origins = Origins(setting)

    def finish(response: Response) -> Response:
        found = origins.headers(request.path, request.headers.get("Origin", ""))
        if "Vary" in found:
            response.vary.add(found.pop("Vary"))
        response.headers.update(found)
        if found and request.method == "OPTIONS":
            methods = response.headers.get("Allow", "")
            response.headers["Access-Control-Allow-Methods"] = methods
            response.headers["Access-Control-Allow-Headers"] = _ASKED
            response.headers["Access-Control-Max-Age"] = _SECONDS
        return response

    return finish
