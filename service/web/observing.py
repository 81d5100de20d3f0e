"""What is seen of a request from outside: its line in the log, its part in metrics.

An `Exchange` goes with a request from its head to the last byte of its answer: a
streamed answer is still being made when Flask is done with it.
"""

import logging
import time
from collections.abc import Callable, Iterable
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, Self

from flask import Flask, Response, current_app, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.routing import Rule

from service.tagging.tagger import Article, TaggedArticle, Tagger, Wish
from service.web import headers, logs
from service.web.metrics import EXTENSION, STEPS, Metrics

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

_REQUEST_ID = "HTTP_X_REQUEST_ID"
_METHODS = frozenset({"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"})
_OTHER = "other"  # any word may be sent as a method
_MS = 1000.0
_FAILURE = 500  # the least status that is the service's fault

_log = logging.getLogger("barchasb.requests")


class Exchange:
    """One request and its answer.

    Attributes:
        method: One of HTTP's, or "other".
        key: The name of the API key that was shown, if any.
        model: The version that tagged, if any did.
        bytes_in: Size of the body, None where it was not announced.
    """

    __slots__ = (
        "_metrics",
        "_since",
        "_spent",
        "_started",
        "_step",
        "articles",
        "bytes_in",
        "bytes_out",
        "key",
        "method",
        "model",
        "request_id",
        "route",
        "status",
    )

    def __init__(self, metrics: Metrics, environ: "WSGIEnvironment") -> None:
        method: str = environ["REQUEST_METHOD"]
        bytes_in: str = environ.get("CONTENT_LENGTH", "")
        self.method = method if method in _METHODS else _OTHER
        self.request_id = headers.request_id(environ.get(_REQUEST_ID, ""))
        self.route: str | None = None
        self.status = 0
        self.key: str | None = None
        self.model: str | None = None
        self.articles = 0
        self.bytes_in = int(bytes_in) if bytes_in.isdecimal() else None
        self.bytes_out = 0
        self._metrics = metrics
        self._step: str | None = None
        self._spent = dict.fromkeys(STEPS, 0.0)
        self._started = self._since = time.perf_counter()

    def turn_to(self, step: str | None) -> None:
        """Have the time from now on count for a step, up to the next turn.

        Args:
            step: One of `metrics.STEPS`, or None for none of them.
        """
        now = time.perf_counter()
        if self._step is not None:
            self._spent[self._step] += now - self._since
        self._since = now
        self._step = step

    def tag(self, tagger: Tagger, article: Article, wish: Wish) -> TaggedArticle:
        """Tag an article, timed and counted; then turn to encoding it."""
        self.model = tagger.model.version
        self.turn_to("tag")
        tagged = tagger.tag_one(article, wish)
        self.turn_to("encode")
        self.articles += 1
        self._metrics.tagged(tagged)
        return tagged

    def end(self, environ: "WSGIEnvironment") -> None:
        """Count it and write its line."""
        self.turn_to(None)  # where it broke off
        seconds = self._since - self._started
        self._metrics.answered(
            self.method, self.route, self.status, seconds, self._spent
        )
        level = logging.INFO if self.status < _FAILURE else logging.ERROR
        if _log.isEnabledFor(level):
            logs.tell(_log, level, "answered", self._fields(environ, seconds))

    def _fields(self, environ: "WSGIEnvironment", seconds: float) -> dict[str, Any]:
        # Neither path nor query: a caller may have put anything there.
        return {
            "request_id": self.request_id,
            "method": self.method,
            "route": self.route,
            "status": self.status,
            "ms": round(seconds * _MS, 3),
            **{f"{name}_ms": round(self._spent[name] * _MS, 3) for name in STEPS},
            "bytes_in": self.bytes_in,
            "bytes_out": self.bytes_out,
            "articles": self.articles,
            "address": environ.get("REMOTE_ADDR"),
            "key": self.key,
            "model": self.model,
        }


_current: ContextVar[Exchange] = ContextVar("exchange")

current = _current.get
"""The exchange of this thread's request; what streams an answer keeps it."""


class _Body:
    """An answer's body, weighed as it is sent; its end is the exchange's."""

    __slots__ = ("_answer", "_end", "_exchange", "_next")

    def __init__(
        self, answer: Iterable[bytes], exchange: Exchange, end: Callable[[], None]
    ) -> None:
        self._answer = answer
        self._next = iter(answer).__next__
        self._exchange = exchange
        self._end = end

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> bytes:
        piece = self._next()
        self._exchange.bytes_out += len(piece)
        return piece

    def close(self) -> None:
        try:
            close = getattr(self._answer, "close", None)
            if close is not None:
                close()
        finally:
            self._end()


class _Observed:
    """An application whose every exchange is seen to its end."""

    def __init__(self, application: "WSGIApplication", metrics: Metrics) -> None:
        self._application = application
        self._metrics = metrics

    def __call__(
        self, environ: "WSGIEnvironment", start_response: "StartResponse"
    ) -> Iterable[bytes]:
        exchange = Exchange(self._metrics, environ)
        _current.set(exchange)
        environ[_REQUEST_ID] = exchange.request_id

        def start(status: str, own: headers.Pairs, *rest: Any) -> Any:  # noqa: ANN401 - WSGI's
            exchange.turn_to(None)  # a refusal left its step where it broke off
            exchange.status = int(status[:3])
            completed = headers.complete(
                own, exchange.method, exchange.status, exchange.request_id
            )
            return start_response(status, completed, *rest)

        def end() -> None:
            self._metrics.in_flight.dec()
            exchange.end(environ)

        self._metrics.in_flight.inc()
        try:
            return _Body(self._application(environ, start), exchange, end)
        except BaseException:
            exchange.status = _FAILURE
            end()
            raise


def register(app: Flask, metrics: Metrics) -> None:
    """See every request of the app to its end."""
    app.extensions[EXTENSION] = metrics
    app.after_request(_name)
    app.wsgi_app = _Observed(app.wsgi_app, metrics)  # type: ignore[method-assign]


def _name(response: Response) -> Response:
    """Note what Flask knows of a request: where it went."""
    rule = request.url_rule or _rule_of_other_methods()
    if rule is not None:
        current().route = rule.rule
    return response


def _rule_of_other_methods() -> Rule | None:
    """The rule of a request whose path is served, but not to its method."""
    error = request.routing_exception
    adapter = current_app.create_url_adapter(request)
    if not isinstance(error, MethodNotAllowed) or adapter is None:
        return None
    served = next(iter(error.valid_methods or ()), None)
    rule, _ = adapter.match(method=served, return_rule=True)
    return rule
