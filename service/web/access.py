"""Who may ask what, and how often.

A caller is known by an API key, `Authorization: Bearer KEY` or `X-API-Key: KEY`. What
tells of no article is open to all; everything else needs a scope.
"""

import functools
import ipaddress
import re
from collections.abc import Sequence

from flask import Flask, Response, g, request
from werkzeug.datastructures import WWWAuthenticate
from werkzeug.exceptions import Forbidden, TooManyRequests, Unauthorized

from service.web import observing
from service.web.keys import Key, KeyFile, KeyRing, Scope
from service.web.rates import Rates, Standing
from service.web.settings import (
    Network,
    Settings,
    is_loopback,
    is_private,
    networks,
)

EXTENSION = "barchasb.access"

OPEN = frozenset(
    {
        *("/", "/static/<path:filename>", "/docs", "/openapi.json"),
        *("/healthz", "/readyz"),
        *("/v1/topics", "/v1/model", "/v1/model/card"),
    }
)
_METRICS = "/metrics"
_ADMIN = frozenset({_METRICS, "/v1/model/reload"})
_BEYOND_THIS_MACHINE = "100/second"
_ADDRESS_BITS = 64  # of IPv6; a caller commonly has all addresses that begin so
_REMEMBERED = 1024  # addresses that need not be read again
_FORWARDED = ("X-Forwarded-For", "Forwarded", "X-Real-IP")
# Some proxies write the port that they are asked from as well.
_WITH_PORT = re.compile(r"\[([^]]+)\](?::[0-9]+)?|([^:]+):[0-9]+")


class Access:
    """Judges every request before it is answered."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._trusted = networks(settings.trusted_proxies)
        self._ring = KeyRing(KeyFile(settings.keys))
        self.listen([settings.host])

    def listen(self, hosts: Sequence[str]) -> None:
        """Take up what the service listens on, before there are workers."""
        self._is_private = is_private(self._settings, hosts)
        rate = self._settings.rate
        if rate == "auto":
            rate = "off" if self._is_private else _BEYOND_THIS_MACHINE
        self._rates = None if rate == "off" else Rates(rate)

    def judge(self) -> None:
        """Refuse the request under way if it is not allowed.

        Raises:
            Unauthorized: It needs a key, or shows one that opens nothing.
            Forbidden: Its key has not the scope that is needed.
            TooManyRequests: Its caller has asked too often.
        """
        environ = request.environ
        address = client_address(
            environ.get("REMOTE_ADDR", ""),
            environ.get("HTTP_X_FORWARDED_FOR", ""),
            self._trusted,
        )
        environ["REMOTE_ADDR"] = address
        rule = request.url_rule
        if rule is None or rule.rule in OPEN or request.method == "OPTIONS":
            return
        shown = _shown_key()
        key = self._ring.find(shown) if shown else None
        if key is not None:
            observing.current().key = key.name
        self._count(key, address)
        if shown and key is None:
            raise _unauthorized("The API key opens nothing; it may be revoked.")
        self._require("admin" if rule.rule in _ADMIN else "tag", key)

    def _count(self, key: Key | None, address: str) -> None:
        if self._rates is None:
            return
        caller = f"key {key.name}" if key else f"address {_grouped(address)}"
        standing = g.standing = self._rates.count(caller)
        if not standing.allowed:
            raise TooManyRequests(
                f"The limit is {standing.quota} requests in {standing.window} s; "
                "ask again after the time in Retry-After.",
                retry_after=standing.seconds,
            )

    def _require(self, scope: Scope, key: Key | None) -> None:
        if key is not None:
            if scope not in key.scopes:
                raise Forbidden(
                    f"The API key has not the scope {scope}; use one that has."
                )
        elif not self._lets_anyone(scope):
            raise _unauthorized(
                f"This needs an API key with the scope {scope}; "
                "send it as Authorization: Bearer KEY, or as X-API-Key."
            )

    def _lets_anyone(self, scope: Scope) -> bool:
        if scope == "tag":
            is_open = self._is_private and self._ring.is_empty
            return is_open or self._settings.anonymous == "tag"
        # A proxy on this machine speaks for others, even where it is not trusted.
        is_passed_on = any(name in request.headers for name in _FORWARDED)
        is_metrics = request.url_rule is not None and request.url_rule.rule == _METRICS
        near = is_loopback(request.environ["REMOTE_ADDR"])
        return is_metrics and near and not is_passed_on


def register(app: Flask, settings: Settings) -> None:
    """Judge every request of the app, and tell callers where they stand."""
    access = app.extensions[EXTENSION] = Access(settings)
    app.before_request(access.judge)
    app.after_request(_tell_standing)


def client_address(peer: str, forwarded: str, trusted: tuple[Network, ...]) -> str:
    """Who asks: the last in the chain that no trusted proxy stands for.

    Args:
        peer: Who is connected.
        forwarded: X-Forwarded-For, to which every proxy adds who asked it.
        trusted: Networks of the proxies that are believed.
    """
    chain = forwarded.split(",") if forwarded else []
    while chain and _is_in(peer, trusted):
        before = _without_port(chain.pop().strip())
        if not _forms(before):
            break
        peer = before
    return _plain(peer)


def _without_port(forwarded: str) -> str:
    found = _WITH_PORT.fullmatch(forwarded)
    return found[1] or found[2] if found else forwarded


@functools.lru_cache(_REMEMBERED)
def _plain(given: str) -> str:
    """The address as it is commonly written; what is no address stays."""
    forms = _forms(given)
    return str(forms[0]) if forms else given


@functools.lru_cache(_REMEMBERED)
def _forms(given: str) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, ...]:
    """The address, first as IPv4's if it is one; nothing of what is no address.

    A socket that listens for both families has IPv4's callers as ::ffff:192.0.2.1.
    """
    try:
        found = ipaddress.ip_address(given)
    except ValueError:
        return ()
    plain = getattr(found, "ipv4_mapped", None)
    return (plain, found) if plain else (found,)


def _is_in(given: str, trusted: tuple[Network, ...]) -> bool:
    return any(form in network for form in _forms(given) for network in trusted)


def _grouped(given: str) -> str:
    """The address whose requests are counted together with this one's."""
    address = next(iter(_forms(given)), None)
    if isinstance(address, ipaddress.IPv6Address):
        return str(ipaddress.ip_network((address, _ADDRESS_BITS), strict=False))
    return given


def _shown_key() -> str | None:
    authorization: str = request.environ.get("HTTP_AUTHORIZATION", "")
    scheme, _, shown = authorization.partition(" ")
    # Another scheme may be for a proxy in front.
    if scheme.lower() == "bearer":
        return shown.strip()
    key: str | None = request.environ.get("HTTP_X_API_KEY")
    return key


def _unauthorized(detail: str) -> Unauthorized:
    return Unauthorized(
        detail, www_authenticate=WWWAuthenticate("bearer", {"realm": "barchasb"})
    )


def _tell_standing(response: Response) -> Response:
    """Tell a caller of the limit, as draft-ietf-httpapi-ratelimit-headers-10 has it."""
    standing: Standing | None = g.get("standing")
    if standing:
        response.headers["RateLimit-Policy"] = (
            f'"caller";q={standing.quota};w={standing.window}'
        )
        response.headers["RateLimit"] = (
            f'"caller";r={standing.left};t={standing.seconds}'
        )
    return response
