"""A gunicorn worker that slow clients cannot hold and too many cannot drown.

gunicorn's own threaded worker reads a request in the thread that answers it, for as
long as the client pleases, and lets requests queue without end. Here the loop gathers
requests (channel.py) and answers what is short work; what may take long is for a few
threads (crew.py). Who has waited too long is told so at once.

What is not HTTP, and what comes in excess, is answered in problems (refusals.py) as all
else is.
"""

import enum
import math
import selectors
import socket
import sys
import time
from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

from gunicorn import http  # type: ignore[import-untyped]
from gunicorn.http import wsgi  # type: ignore[import-untyped]
from gunicorn.http.errors import NoMoreData  # type: ignore[import-untyped]
from gunicorn.workers.gthread import ThreadWorker  # type: ignore[import-untyped]

from service.web.channel import Budget, Channel, Stage, head_of
from service.web.cors import Origins
from service.web.crew import Crew, Line
from service.web.refusals import (
    BUSY,
    FOREIGN,
    OVERLONG,
    SLOW,
    Refusal,
    identity_of,
    refusal_of,
)
from service.web.settings import Settings

LONG_WORK_THREADS = 8
HELD_BYTES = 16 * 1024 * 1024

_METRICS = "barchasb.metrics"  # importing it here would be too early for its folder
_SWEEP_SECONDS = 0.25
_SLICE_SECONDS = 0.002  # of answering, before the loop looks for what has come
_SHORT = 0.4  # of how long a request may wait, where waits stay long
_GLANCE = 0.02  # of that, between two looks at who waits longer
# Python's own 5 ms are a long time for the loop to wait while others compute.
_SWITCH_SECONDS = 0.002
_DISCARD_SECONDS = 5.0
_HEARD_OUT = 128  # connections in excess that are not closed at once
_ACCEPTED_AT_ONCE = 16
_COURTEOUS = 16  # connections; among many more, chance is fair enough
_COURTESY_SECONDS = 0.0001
_TOLD = 100  # ids in a line of the log, which then is one of less than 16 KB
_PAUSE_SECONDS = 0.1  # without a connection; the next one begins a rush


class _Then(enum.Enum):
    """What becomes of a connection when its answer has been sent."""

    NEXT = enum.auto()
    """Another request may come."""
    CLOSE = enum.auto()
    DISCARD = enum.auto()
    """It is closed once the client has stopped sending."""


class _Connection:
    """A client's connection; `sock`, `client` and `server` are gunicorn's names."""

    __slots__ = (
        "client",
        "is_waiting",
        "parser",
        "rest",
        "server",
        "sock",
        "stage",
        "then",
    )

    def __init__(self, sock: Channel, client: object, server: object) -> None:
        self.sock = sock
        self.client = client
        self.server = server
        self.parser: Any = None
        self.stage = Stage.PARTIAL
        self.then = _Then.NEXT
        self.rest = b""  # what came after the request that is being answered
        self.is_waiting = False  # for the loop to answer it


type _Step = Callable[[_Connection], None]
type _Waiting = Line[_Connection] | Crew[_Connection]


class ProblemWorker(ThreadWorker):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's threaded worker with bounds on what a client may cost.

    The loop, in the main thread, owns a connection but while a crew's thread answers.
    It answers short work itself: to hand a request to a thread and back costs as much
    as to tag an article.
    """

    def __init__(self, *arguments: object, **options: object) -> None:
        super().__init__(*arguments, **options)
        settings = Settings.from_environment()
        self._read_seconds = float(settings.read_seconds)
        self._queue_seconds = settings.queue_ms / 1000.0
        self._origins = Origins(settings.cors_origins)
        self._budget = Budget(HELD_BYTES)
        self._watched: dict[_Connection, tuple[int, _Step]] = {}
        self._heard_out: set[_Connection] = set()  # in excess; they take no place
        self._swept = self._told = self._accepted = 0.0
        self._rush = 0  # connections that came without a pause
        self._looked = self._since = time.monotonic()
        self._refused: defaultdict[int, list[str]] = defaultdict(list)  # ids by status
        # The loop goes on accepting beyond cfg.worker_connections: to say no is better
        # than to leave clients in the kernel's queue.
        self.worker_connections = sys.maxsize

    @classmethod
    def check_config(cls, cfg: Any, _log: object) -> None:  # noqa: ANN401
        """Refuse what this worker cannot do."""
        if cfg.is_ssl:
            sys.exit("barchasb: serve TLS with a proxy in front, not with --certfile")

    def get_thread_pool(self) -> Crew[_Connection]:
        """The crew for whole requests; another one waits for bodies that are not."""
        self._probes: Line[_Connection] = Line()
        self._short: Line[_Connection] = Line()
        self._crews = tuple(
            Crew(size, self._answer) for size in (self.cfg.threads, LONG_WORK_THREADS)
        )
        self._lines: tuple[_Waiting, ...] = (
            self._probes,
            self._short,
            *self._crews,
        )
        self._relaxed = [time.monotonic()] * len(self._lines)
        return self._crews[0]

    def init_process(self) -> None:
        """Begin, in the forked process."""
        sys.setswitchinterval(_SWITCH_SECONDS)
        super().init_process()

    def load_wsgi(self) -> None:
        """Take up the application, and where it counts."""
        super().load_wsgi()
        self._metrics = self.wsgi.extensions[_METRICS]

    def run(self) -> None:
        """Serve, until it is to end; what is still to be told is told then."""
        super().run()
        self._told = -math.inf
        self._tell()
        self._metrics.settle()

    # Connections come, and go.

    def accept(self, listener: socket.socket) -> bool:
        """Take up the connections there are, not very many; whether there were any.

        While requests wait here, the first of a rush are taken one by one, each
        answered before the next: the other workers may take theirs meanwhile.
        """
        if self._looked - self._accepted > _PAUSE_SECONDS:
            self._rush = 0
        taken = 0
        while taken < _ACCEPTED_AT_ONCE and self._accept_one(listener):
            taken += 1
            self._rush += 1
            if self._short and self._rush < _COURTEOUS:
                break
        self._accepted = self._looked
        return taken > 0

    def _accept_one(self, listener: socket.socket) -> bool:
        # All workers race for it, and the same one would win again and again: who has
        # fewer connections shall be first, unless requests wait here.
        if 0 < self.nr_conns <= _COURTEOUS and self.alive and not self._short:
            time.sleep(self.nr_conns * _COURTESY_SECONDS)
        try:
            sock, client = listener.accept()
        except OSError as error:
            if not isinstance(error, BlockingIOError):
                self.log.warning("no connection accepted: %s", type(error).__name__)
            return False
        channel = Channel(sock, self._budget, self._read_seconds)
        conn = _Connection(channel, client, listener.getsockname())
        self.nr_conns += 1
        if self.nr_conns - len(self._heard_out) > self.cfg.worker_connections:
            channel.gather()
            then = _Then.CLOSE
            if len(self._heard_out) < _HEARD_OUT:
                # Who is still to send a request would be cut off before the answer.
                self._heard_out.add(conn)
                then = _Then.DISCARD
            self._refuse(conn, then, BUSY)
        else:
            self._gather(conn)
        return True

    def set_accept_enabled(self, enabled: bool) -> None:
        """Accept, or stop it; a worker that ends takes up all who stand at its door."""
        if not enabled and not self.alive:
            for listener in self.sockets:
                while self.accept(listener):
                    pass
        super().set_accept_enabled(enabled)
        if not enabled and not self.alive:
            for listener in self.sockets:
                listener.close()

    def _watch(self, conn: _Connection, event: int, then: _Step) -> None:
        def ready(_channel: Channel) -> None:
            then(conn)

        before = self._watched.get(conn)
        if before is None:
            self.poller.register(conn.sock, event, ready)
        elif before != (event, then):
            self.poller.modify(conn.sock, event, ready)
        self._watched[conn] = event, then

    def _unwatch(self, conn: _Connection) -> None:
        if self._watched.pop(conn, None) is not None:
            self.poller.unregister(conn.sock)

    def _close(self, conn: _Connection) -> None:
        self._unwatch(conn)
        self._heard_out.discard(conn)
        conn.sock.close()
        self.nr_conns -= 1

    # A request comes, is answered, and its answer goes.

    def _gather(self, conn: _Connection) -> None:
        if conn.is_waiting:  # what comes after a request, or the end, comes too early
            self._unwatch(conn)
        else:
            self._proceed(conn, conn.sock.gather())

    def _proceed(self, conn: _Connection, stage: Stage) -> None:
        conn.stage = stage
        if stage is Stage.PARTIAL:
            self._watch(conn, selectors.EVENT_READ, self._gather)
        elif stage is Stage.GONE:
            self._close(conn)
        elif stage is Stage.OVERLONG:
            self._refuse(conn, _Then.DISCARD, OVERLONG)
        elif stage is Stage.FOREIGN:
            self._refuse(conn, _Then.DISCARD, FOREIGN)
        else:
            line = self._line_for(conn)
            # What the loop answers stays watched: it mostly does so at once, and then
            # would watch for the next request.
            conn.is_waiting = isinstance(line, Line)
            gathers = (selectors.EVENT_READ, self._gather)
            if not conn.is_waiting or self._watched.get(conn) != gathers:
                self._unwatch(conn)
            line.add(conn, self._since)

    def _line_for(self, conn: _Connection) -> _Waiting:
        if conn.stage is not Stage.WHOLE or not conn.sock.is_small:
            return self._crews[1]
        if conn.sock.is_probe:
            return self._probes
        return self._short if conn.sock.is_short_work else self._crews[0]

    def _answer_short(self) -> None:
        """Answer the short work that waits, for as long as a slice; the loop does.

        A supervisor who was turned away under load would end the service, or send all
        to the others: a probe does not wait where articles do.
        """
        end = time.monotonic() + _SLICE_SECONDS
        if self._probes:
            self._answer_here(self._probes.next())
        while self._short and time.monotonic() < end:
            self._answer_here(self._short.next())

    def _answer_here(self, conn: _Connection) -> None:
        conn.is_waiting = conn.sock.may_wait = False
        then = _Then.DISCARD
        try:
            then = self.handle(conn)
        finally:
            conn.sock.may_wait = True
            self.finish_request(conn, then)

    def _answer(self, conn: _Connection) -> None:
        """Answer a request; a crew's thread does."""
        then = _Then.DISCARD
        try:
            then = self.handle(conn)
        finally:
            self.method_queue.defer(self.finish_request, conn, then)

    def finish_request(self, conn: _Connection, then: _Then) -> None:
        """Take a connection back that has been answered."""
        if then is _Then.NEXT:
            conn.rest = conn.parser.unreader.take_buffered()
        self._send_off(conn, then)

    def _send_off(self, conn: _Connection, then: _Then) -> None:
        """Send an answer to its end; how long its making took is no client's fault."""
        conn.then = then
        conn.sock.renew()
        self._flush(conn)

    def _flush(self, conn: _Connection) -> None:
        try:
            if not conn.sock.flush():
                self._watch(conn, selectors.EVENT_WRITE, self._flush)
            elif conn.then is _Then.NEXT:
                conn.sock.begin(conn.rest, float(self.cfg.keepalive))
                self._proceed(conn, conn.sock.judge())
            elif conn.then is _Then.DISCARD:
                conn.sock.end(_DISCARD_SECONDS)
                self._watch(conn, selectors.EVENT_READ, self._discard)
            else:
                self._close(conn)
        except OSError:
            self._close(conn)

    def _discard(self, conn: _Connection) -> None:
        if not conn.sock.discard():
            self._close(conn)

    def handle(self, conn: _Connection) -> _Then:
        """Answer the request whose bytes have come."""
        came = conn.sock.take()
        try:
            if conn.parser is None:
                conn.parser = http.get_parser(self.cfg, conn.sock, conn.client)
            conn.parser.unreader.unread(came)
            return self.handle_request(next(conn.parser), conn)
        except (NoMoreData, StopIteration, OSError) as error:
            self.log.debug("connection given up: %s", type(error).__name__)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is answered
            self._answer_error(conn.sock, head_of(came), error)
        return _Then.DISCARD

    def handle_request(self, request: Any, conn: _Connection) -> _Then:  # noqa: ANN401
        """Have the application answer, and say what becomes of the connection."""
        response, environ = wsgi.create(
            request, conn.sock, conn.client, conn.server, self.cfg
        )
        environ["wsgi.multithread"] = True
        if not self.alive or not self.cfg.keepalive:
            response.force_close()

        def start(*status_and_headers: Any) -> object:  # noqa: ANN401 - WSGI's own
            if _is_unread(conn, request):
                response.force_close()
            return response.start_response(*status_and_headers)

        try:
            _send(self.wsgi(environ, start), response, conn.sock)
        except Exception as error:
            if isinstance(error, OSError) or not response.headers_sent:
                raise
            # The end that is missing tells the client.
            self.log.exception("answer broken off")
            return _Then.DISCARD
        if _is_unread(conn, request):
            return _Then.DISCARD
        if response.should_close() or not conn.parser.finish_body():
            return _Then.CLOSE
        return _Then.NEXT

    def _answer_error(
        self, client: Channel | socket.socket, asked: bytes, error: Exception
    ) -> None:
        """Answer a request that is not HTTP, or that broke the application.

        gunicorn would log the request's query and the exception's words, both of which
        may quote an article.
        """
        refusal, identity = refusal_of(error), identity_of(asked)
        self.log.warning(
            "request %s refused: %s, %d",
            identity,
            type(error).__name__,
            refusal.status,
        )
        self._metrics.refused(refusal.status)
        try:
            client.sendall(refusal.answer(asked, identity, origins=self._origins))
        except OSError:
            self.log.debug("the client is gone")

    # Bounds of time, kept by the loop.

    def wait_for_and_dispatch_events(self, timeout: float) -> None:
        """Do what there is to do, and refuse what has waited too long."""
        events = self.poller.select(0)
        if events:
            # They may have been there since the last look, while the loop was busy:
            # that they waited for the loop counts as well.
            self._since = self._looked
        else:
            if not (self._probes or self._short):
                self._metrics.settle()
                events = self.poller.select(min(timeout, self._patience()))
            self._since = time.monotonic()
        self._looked = time.monotonic()
        for key, _ in events:
            key.data(key.fileobj)
        self._turn_away()
        self._answer_short()
        self._tell()

    def _turn_away(self) -> None:
        """Refuse what has waited too long.

        Where waits have been long for as long as a request may wait at all, there is
        more to do than can be done: all would be answered at the last moment, and many
        just too late. The line is then cut shorter, so that those who are answered are
        answered soon ("controlled delay").
        """
        now = time.monotonic()
        short = self._queue_seconds * _SHORT
        for place, line in enumerate(self._lines):
            waited = now - (line.oldest() or now)
            if waited < short / 2:
                self._relaxed[place] = now
                continue
            is_tense = now - self._relaxed[place] > self._queue_seconds
            for conn in line.take_out(
                now - (short if is_tense else self._queue_seconds)
            ):
                self._refuse_waiting(conn)

    def _patience(self) -> float:
        """Seconds until the first in a line may have waited too long.

        Where one waits for a thread for longer, the loop looks again and again, but
        leaves the processor to the threads.
        """
        since = min(line.oldest() or math.inf for line in self._lines)
        left = since + self._queue_seconds * _SHORT - time.monotonic()
        return max(self._queue_seconds * _GLANCE, left)

    def _refuse_waiting(self, conn: _Connection) -> None:
        conn.is_waiting = False
        rest = conn.sock.skip() if conn.stage is Stage.WHOLE and self.alive else None
        if rest is None:
            self._refuse(conn, _Then.DISCARD, BUSY)
        else:
            conn.rest = rest
            self._refuse(conn, _Then.NEXT, BUSY)

    def _refuse(self, conn: _Connection, then: _Then, refusal: Refusal) -> None:
        head = conn.sock.head
        identity = identity_of(head)
        self._refused[refusal.status].append(identity)
        keep = then is _Then.NEXT
        conn.sock.offer(
            refusal.answer(head, identity, keep=keep, origins=self._origins)
        )
        self._send_off(conn, then)

    def _tell(self) -> None:
        """Log how many were refused: a line for each would be work of its own."""
        now = time.monotonic()
        if not self._refused or now - self._told < 1.0:
            return
        self._told = now
        for status, identities in self._refused.items():
            self.log.warning(
                "requests refused: %d with %d, the first are %s",
                len(identities),
                status,
                ", ".join(identities[:_TOLD]),
            )
            self._metrics.refused(status, len(identities))
        self._refused.clear()

    def murder_keepalived(self, force: bool = False) -> None:
        """Give up clients who have taken too long, or all who are being waited for."""
        now = time.monotonic()
        if not force and now - self._swept < _SWEEP_SECONDS:
            return
        self._swept = now
        for conn in [
            one
            for one in self._watched
            if not one.is_waiting and (force or one.sock.deadline < now)
        ]:
            is_asking = conn.stage is Stage.PARTIAL and not conn.sock.is_idle
            if is_asking and conn.then is _Then.NEXT and not force:
                self._refuse(conn, _Then.DISCARD, SLOW)
            else:
                self._close(conn)

    def murder_pending(self) -> None:
        """Nothing: `murder_keepalived` sees to every connection."""

    def _cap_keepalive(self, deadline: float) -> None:
        for conn in self._watched:
            if conn.sock.is_idle:
                conn.sock.deadline = min(conn.sock.deadline, deadline)


def _is_unread(conn: _Connection, request: Any) -> bool:  # noqa: ANN401
    """Whether some of a streamed body may still be under way."""
    if conn.stage is not Stage.STREAMED:
        return False
    reader = request.body.reader
    # One reader counts down the announced length, the other drops its parser at the
    # end of the last chunk.
    return bool(getattr(reader, "length", 0) or getattr(reader, "parser", None))


def _send(answer: Iterable[bytes], response: Any, sock: Channel) -> None:  # noqa: ANN401
    try:
        for piece in answer:
            response.write(piece)
        response.close()
        sock.flush()  # what is done at the end, as logging, keeps no client waiting
    finally:
        close = getattr(answer, "close", None)
        if close is not None:
            close()
