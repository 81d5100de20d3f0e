"""The worker's loop, turned by hand."""

import logging
import os
import selectors
import socket
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from unittest.mock import Mock

import pytest
from gunicorn.config import Config

from service.web.cors import Origins
from service.web.crew import Line
from service.web.refusals import OVERLONG, identity_of
from service.web.worker import ProblemWorker

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

MANY = 20
LONG = 900_000  # bytes, more than a socket takes here and less than the worker keeps


def path_of(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
    path: bytes = environ["PATH_INFO"].encode()
    start("200 OK", [("Content-Length", str(len(path)))])
    return [path]


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0), backlog=MANY) as listening:
        listening.setblocking(False)
        yield listening


@pytest.fixture
def worker(listener: socket.socket) -> Iterator[ProblemWorker]:
    made = ProblemWorker(
        0,
        os.getppid(),
        [listener],
        Mock(),
        30,
        Config(),
        logging.getLogger("tests.worker"),
    )
    made.get_thread_pool()
    made.wsgi = path_of
    made._metrics = Mock()
    made.poller = selectors.DefaultSelector()
    yield made
    made.murder_keepalived(force=True)
    made.poller.close()


@pytest.fixture
def clients(listener: socket.socket) -> Iterator[list[socket.socket]]:
    with ExitStack() as opened:
        yield [
            opened.enter_context(socket.create_connection(listener.getsockname(), 10))
            for _ in range(MANY)
        ]


def ask(client: socket.socket, path: str) -> None:
    client.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())


def see(worker: ProblemWorker) -> int:
    """Have the loop do what there is to do, but answer; how much there was."""
    events = worker.poller.select(1.0)
    for key, _ in events:
        key.data(key.fileobj)
    return len(events)


def bodies(client: socket.socket, count: int) -> list[bytes]:
    told = b""
    while told.count(b"\r\n\r\n/") < count:
        told += client.recv(4096)
    return [part.partition(b"HTTP/")[0] for part in told.split(b"\r\n\r\n")[1:]]


def have_second_wait(
    worker: ProblemWorker, listener: socket.socket, client: socket.socket
) -> None:
    """Answer a client's first request, and leave the next one in the line."""
    ask(client, "/1")
    assert worker.accept(listener)
    worker._answer_short()
    ask(client, "/2")
    assert see(worker) == 1


def test_rush_is_shared_with_other_workers(
    worker: ProblemWorker, listener: socket.socket, clients: list[socket.socket]
) -> None:
    for client in clients:
        ask(client, "/")
    assert worker.accept(listener)
    assert worker.nr_conns == 1
    taken = 1
    while worker.nr_conns < MANY:
        assert worker.accept(listener)
        taken += 1
    # One by one, but not for ever: who waits at the door is not seen to wait.
    assert 2 < taken < MANY


def test_what_comes_while_a_request_waits_is_answered_after_it(
    worker: ProblemWorker, listener: socket.socket, clients: list[socket.socket]
) -> None:
    client = clients[0]
    have_second_wait(worker, listener, client)
    worker.murder_keepalived(force=True)  # gives up who is waited for, not who waits
    ask(client, "/3")
    assert see(worker) == 1
    worker._answer_short()
    assert see(worker) == 1
    worker._answer_short()
    assert bodies(client, 3) == [b"/1", b"/2", b"/3"]


def test_request_is_answered_though_its_client_sends_no_more(
    worker: ProblemWorker, listener: socket.socket, clients: list[socket.socket]
) -> None:
    client = clients[0]
    have_second_wait(worker, listener, client)
    client.shutdown(socket.SHUT_WR)
    assert see(worker) == 1
    worker._answer_short()
    assert bodies(client, 2) == [b"/1", b"/2"]
    assert see(worker) == 1
    assert client.recv(1) == b""


def test_answer_is_there_before_what_is_done_at_its_end(
    worker: ProblemWorker, listener: socket.socket, clients: list[socket.socket]
) -> None:
    there = []

    class Answer(list[bytes]):
        def close(self) -> None:
            there.extend(bodies(clients[0], 1))

    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        return Answer(path_of(environ, start))

    worker.wsgi = answer
    ask(clients[0], "/1")
    assert worker.accept(listener)
    worker._answer_short()
    assert there == [b"/1"]


def test_head_that_waited_too_long_is_refused_without_a_body(
    worker: ProblemWorker, listener: socket.socket, clients: list[socket.socket]
) -> None:
    client = clients[0]
    client.sendall(b"HEAD /1 HTTP/1.1\r\nHost: x\r\n\r\n")
    ask(client, "/2")
    assert worker.accept(listener)
    worker._refuse_waiting(worker._short.next())
    worker._answer_short()
    told = client.recv(4096)
    assert told.startswith(b"HTTP/1.1 503 ")
    assert b"\r\n\r\nHTTP/1.1 200 " in told
    assert told.endswith(b"/2")


@pytest.mark.parametrize("heard_out", [128, 0])
def test_connection_in_excess_is_answered_before_its_request_comes(
    worker: ProblemWorker,
    listener: socket.socket,
    clients: list[socket.socket],
    monkeypatch: pytest.MonkeyPatch,
    heard_out: int,
) -> None:
    monkeypatch.setattr("service.web.worker._HEARD_OUT", heard_out)
    worker.cfg.set("worker_connections", 0)
    client = clients[0]
    assert worker.accept(listener)
    if heard_out:
        for part in (b"POST / HTTP/1.1\r\nContent-Length: 5\r\n\r\n", b"12345"):
            client.sendall(part)
            assert see(worker) == 1
    assert client.recv(4096).startswith(b"HTTP/1.1 503 ")
    assert client.recv(1) == b""


def test_connection_in_excess_takes_no_place(
    worker: ProblemWorker, listener: socket.socket, clients: list[socket.socket]
) -> None:
    """Though it is not closed before its client has been heard out."""
    worker.cfg.set("worker_connections", MANY - 2)
    while worker.accept(listener):
        pass
    assert len(worker._heard_out) == 2
    clients[0].close()
    assert see(worker) == 1
    with socket.create_connection(listener.getsockname(), 10) as client:
        ask(client, "/1")
        assert worker.accept(listener)
        worker._answer_short()
        assert bodies(client, 1) == [b"/1"]
    for refused in clients[-2:]:
        refused.close()
    assert see(worker) == 3
    assert not worker._heard_out


@pytest.mark.parametrize(
    ("given", "is_kept"),
    [
        ("X-Request-ID: desk-42", True),
        ("x-request-id:desk-42 ", True),
        ("X-Request-ID: desk-42\r\nX-Request-ID: desk-43", False),
        ("X-Request-ID: desk-42;", False),
        ("Host: x\r\n\r\nX-Request-ID: desk-42", False),
    ],
)
def test_refusal_has_the_id_that_its_request_had(
    worker: ProblemWorker,
    listener: socket.socket,
    clients: list[socket.socket],
    given: str,
    is_kept: bool,
) -> None:
    client = clients[0]
    client.sendall(f"GET / HTTP/1.1\r\n{given}\r\n\r\n".encode())
    assert worker.accept(listener)
    worker._refuse_waiting(worker._short.next())
    told = client.recv(4096)
    assert told.startswith(b"HTTP/1.1 503 ")
    assert told.count(b"\r\nX-Request-ID: ") == 1
    assert (b"\r\nX-Request-ID: desk-42\r\n" in told) is is_kept
    (logged,) = worker._refused[503]
    assert f"\r\nX-Request-ID: {logged}\r\n".encode() in told


@pytest.mark.parametrize("method", [b"GET", b"HEAD"])
def test_bad_http_is_answered_as_its_head_asks(
    worker: ProblemWorker,
    listener: socket.socket,
    clients: list[socket.socket],
    caplog: pytest.LogCaptureFixture,
    method: bytes,
) -> None:
    worker._origins = Origins("*")
    client = clients[0]
    said = b"Origin: https://desk.example\r\nX-Request-ID: desk-42"
    client.sendall(method + b" /v1/topics HTTP/9.9\r\n" + said + b"\r\n\r\n")
    assert worker.accept(listener)
    worker._answer_short()
    told = client.recv(4096)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"\r\nX-Request-ID: desk-42\r\n" in told
    assert b"\r\nAccess-Control-Allow-Origin: https://desk.example\r\n" in told
    assert told.endswith(b"\r\n\r\n") is (method == b"HEAD")
    assert "request desk-42 refused: InvalidHTTPVersion, 400" in caplog.text


def test_tls_is_refused_at_once(
    worker: ProblemWorker, listener: socket.socket, clients: list[socket.socket]
) -> None:
    """Its client would wait for the service, which would wait for a request."""
    clients[0].sendall(b"\x16\x03\x01\x02\x00\x01")
    assert worker.accept(listener)
    assert clients[0].recv(4096).startswith(b"HTTP/1.1 400 ")
    assert clients[0].recv(1) == b""


def test_refusal_does_not_ponder_over_many_blanks() -> None:
    """The loop makes it, and all clients would wait."""
    asked = b"GET / HTTP/1.1\r\nX-Request-ID:" + b" " * 60_000 + b"\0"
    began = time.process_time()
    assert OVERLONG.answer(asked, identity_of(asked)).startswith(b"HTTP/1.1 431 ")
    assert time.process_time() - began < 1.0


def test_worker_that_ends_tells_whom_it_refused(
    worker: ProblemWorker, caplog: pytest.LogCaptureFixture
) -> None:
    worker._told = time.monotonic()  # a moment ago
    worker._refused[503] = [f"desk-{place}" for place in range(200)]
    worker.method_queue.init()
    worker.tpool = Mock()
    worker.alive = False
    worker.run()
    worker._metrics.refused.assert_called_once_with(503, 200)
    assert "200 with 503, the first are desk-0, desk-1, " in caplog.text
    assert "desk-199" not in caplog.text


def test_loop_does_not_spin_while_a_request_waits_for_a_thread(
    worker: ProblemWorker, monkeypatch: pytest.MonkeyPatch
) -> None:
    line: Line[Any] = Line()
    line.add(Mock(), time.monotonic() - 0.15)  # more than a while, yet not too long
    monkeypatch.setattr(worker, "_lines", (line,))
    assert 0.001 < worker._patience() < 0.05


def test_articles_are_counted_when_there_is_nothing_else_to_do(
    worker: ProblemWorker, listener: socket.socket, clients: list[socket.socket]
) -> None:
    ask(clients[0], "/")
    assert worker.accept(listener)
    worker.wait_for_and_dispatch_events(0.01)
    worker._metrics.settle.assert_not_called()
    assert clients[0].recv(100).startswith(b"HTTP/1.1 200")
    worker.wait_for_and_dispatch_events(0.01)
    worker._metrics.settle.assert_called_once_with()


@pytest.mark.parametrize("persistence", ["keep-alive", "close"])
def test_client_has_its_time_for_an_answer_that_took_long(
    worker: ProblemWorker,
    listener: socket.socket,
    clients: list[socket.socket],
    persistence: str,
) -> None:
    def answer(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        channel = environ["gunicorn.socket"]
        channel.deadline = 0.0  # the request was to come long ago
        channel._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
        start("200 OK", [("Content-Length", str(LONG))])
        return [b"x" * LONG]

    worker.wsgi = answer
    client = clients[0]
    client.sendall(f"GET / HTTP/1.1\r\nConnection: {persistence}\r\n\r\n".encode())
    assert worker.accept(listener)
    worker._answer_short()
    worker._cap_keepalive(0.0)  # nor does the end of the worker cut an answer off
    worker.murder_keepalived()
    came = 0
    while came < LONG:
        see(worker)
        piece = client.recv(LONG)
        assert piece, "the answer was cut off"
        came += piece.count(b"x")
