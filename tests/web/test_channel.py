"""A connection's bytes, gathered and sent without waiting for its client."""

import contextlib
import socket
import threading
import time
from collections.abc import Iterator

import pytest

from service.web import channel
from service.web.channel import Budget, Channel, Stage, body_length

POST = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
LONG = 10_000_000


@pytest.fixture
def pair() -> Iterator[tuple[socket.socket, socket.socket]]:
    here, there = socket.socketpair()
    there.settimeout(10)
    with here, there:
        yield here, there


@pytest.fixture
def client(pair: tuple[socket.socket, socket.socket]) -> socket.socket:
    return pair[1]


@pytest.fixture
def budget() -> Budget:
    return Budget(2 * channel.SMALL_BYTES)


@pytest.fixture
def here(pair: tuple[socket.socket, socket.socket], budget: Budget) -> Channel:
    return Channel(pair[0], budget, 10.0)


@pytest.fixture
def hurried(pair: tuple[socket.socket, socket.socket], budget: Budget) -> Channel:
    return Channel(pair[0], budget, 0.05)


def announce(length: int) -> bytes:
    return POST.replace(b" 5", f" {length}".encode())


@pytest.mark.parametrize(
    ("headers", "length"),
    [
        (b"", 0),
        (b"\r\nContent-Length: 5", 5),
        (b"\r\nCONTENT-LENGTH:5 \r\nX: y", 5),
        (b"\r\nContent-Length: 5\r\nContent-Length: 5", None),
        (b"\r\nContent-Length: -5", None),
        (b"\r\nContent-Length: 5, 6", None),
        (b"\r\nContent-Length : 5", None),
        (b"\r\nTransfer-Encoding: chunked", None),
        (b"\r\nContent-Length: 5\r\ntransfer-encoding: x", None),
        (b"\r\nContent-Length: 5\r\nExpect: 100-continue", None),
    ],
)
def test_length_that_is_announced_plainly(headers: bytes, length: int | None) -> None:
    assert body_length(b"POST / HTTP/1.1\r\nHost: x" + headers) == length


def test_request_is_gathered(here: Channel, client: socket.socket) -> None:
    assert here.gather() is Stage.PARTIAL
    assert here.is_idle
    for place in range(len(POST)):
        client.sendall(POST[place : place + 1])
        assert here.gather() is Stage.PARTIAL
        assert not here.is_idle
    client.sendall(b"12345")
    assert here.gather() is Stage.WHOLE
    assert here.is_small
    assert here.take() == POST + b"12345"


def test_what_follows_a_request_is_the_next(
    here: Channel, client: socket.socket
) -> None:
    client.sendall(b"\r\n" + POST + b"12345" + b"GET / HTTP/1.1\r\n\r\n")
    assert here.gather() is Stage.WHOLE
    rest = here.skip()
    assert rest == b"GET / HTTP/1.1\r\n\r\n"
    here.begin(rest, 5.0)
    assert here.judge() is Stage.WHOLE


@pytest.mark.parametrize(
    "head",
    [
        b"GET / HTTP/1.0\r\n\r\n",
        b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCONNECTION: x, Close\r\n\r\n",
    ],
)
def test_client_that_leaves_is_not_kept(
    here: Channel, client: socket.socket, head: bytes
) -> None:
    client.sendall(head)
    assert here.gather() is Stage.WHOLE
    assert here.skip() is None


def test_empty_lines_do_not_make_a_connection_last(
    hurried: Channel, client: socket.socket
) -> None:
    client.sendall(b"\r\n")
    hurried.gather()
    before = hurried.deadline
    client.sendall(b"\r\n\r\n")
    assert hurried.gather() is Stage.PARTIAL
    assert hurried.deadline == before


def test_head_without_end_is_refused(here: Channel, client: socket.socket) -> None:
    sent = b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000
    threading.Thread(target=client.sendall, args=(sent,), daemon=True).start()
    stage, deadline = Stage.PARTIAL, time.monotonic() + 10
    while stage is Stage.PARTIAL and time.monotonic() < deadline:
        stage = here.gather()
    assert stage is Stage.OVERLONG


@pytest.mark.parametrize("before", [b"", b"\r\n"])
def test_what_does_not_begin_as_http_is_not_waited_for(
    here: Channel, client: socket.socket, before: bytes
) -> None:
    client.sendall(before + b"\x16\x03\x01\x02")  # TLS
    assert here.gather() is Stage.FOREIGN


def test_long_body_is_for_a_thread(here: Channel, client: socket.socket) -> None:
    client.sendall(announce(LONG))
    assert here.gather() is Stage.STREAMED
    assert not here.is_small


def test_body_within_the_budget_is_gathered(
    here: Channel, client: socket.socket, budget: Budget
) -> None:
    length = channel.SMALL_BYTES + 1
    client.sendall(announce(length))
    assert here.gather() is Stage.PARTIAL
    assert not budget.take(channel.SMALL_BYTES)
    here.close()
    assert budget.take(2 * channel.SMALL_BYTES)
    here.begin(announce(length), 5.0)
    assert here.judge() is Stage.STREAMED


def test_small_body_needs_no_budget(
    here: Channel, client: socket.socket, budget: Budget
) -> None:
    assert budget.take(2 * channel.SMALL_BYTES)
    client.sendall(announce(1000))
    assert here.gather() is Stage.PARTIAL


def test_client_that_goes(here: Channel, client: socket.socket) -> None:
    client.close()
    assert here.gather() is Stage.GONE


def test_body_that_ends_early_is_for_a_thread(
    here: Channel, client: socket.socket
) -> None:
    client.sendall(POST + b"12")
    client.shutdown(socket.SHUT_WR)
    assert here.gather() is Stage.PARTIAL
    assert here.gather() is Stage.STREAMED
    assert here.take() == POST + b"12"
    assert here.recv(10) == b""


def test_reading_ends_when_the_client_is_too_slow(
    hurried: Channel, client: socket.socket
) -> None:
    client.sendall(b"a")
    assert hurried.recv(10) == b"a"
    with pytest.raises(TimeoutError):
        hurried.recv(10)


def fill(sock: socket.socket) -> int:
    """Send until the client's side takes no more; how much it took."""
    sent = 0
    with contextlib.suppress(BlockingIOError):
        while True:
            sent += sock.send(b"x" * channel.SMALL_BYTES)
    return sent


@pytest.mark.parametrize("is_long", [True, False])
def test_answer_that_is_not_taken_is_left_to_the_loop(
    here: Channel, client: socket.socket, budget: Budget, is_long: bool
) -> None:
    sent = fill(here._socket)
    here.may_wait = False
    here.sendall(b"x" * (channel.SMALL_BYTES + is_long))
    sent += channel.SMALL_BYTES + is_long
    assert not here.flush()
    # Only what is long counts.
    assert budget.take(2 * channel.SMALL_BYTES) is not is_long
    came = 0
    while came < sent:
        came += len(client.recv(1 << 20))
        here.flush()
    assert here.flush()


def test_loop_sends_head_and_body_in_one_go(
    here: Channel, client: socket.socket
) -> None:
    here.may_wait = False
    here.sendall(b"head")
    here.sendall(b"body")
    client.setblocking(False)
    with pytest.raises(BlockingIOError):
        client.recv(8)
    assert here.flush()
    assert client.recv(8) == b"headbody"


def test_loop_waits_for_no_client(here: Channel, budget: Budget) -> None:
    fill(here._socket)
    assert budget.take(2 * channel.SMALL_BYTES)
    here.may_wait = False
    with pytest.raises(TimeoutError):
        here.sendall(b"x" * LONG)
    with pytest.raises(TimeoutError):
        here.recv(1)


@pytest.mark.parametrize(
    ("line", "is_short"),
    [
        (b"POST /v1/classify HTTP/1.1", True),
        (b"GET /healthz HTTP/1.1", True),
        (b"GET /v1/model HTTP/1.1", True),
        (b"POST http://desk.example/v1/classify HTTP/1.1", True),
        (b"POST /v1/classify?of=/v1/classify/100% HTTP/1.1", True),
        (b"POST /v1/classify/batch HTTP/1.1", False),
        (b"POST /v1/classify/stream?limit=1 HTTP/1.1", False),
        (b"GET /v1/model/card HTTP/1.1", False),
        (b"POST /v1/model/reload HTTP/1.1", False),
        (b"GET /metrics HTTP/1.1", False),
        (b"POST http://desk.example/v1/classify/batch HTTP/1.1", False),
        (b"POST /prefix/v1/classify/stream HTTP/1.1", False),
        (b"POST /v1/%63lassify/batch HTTP/1.1", False),
        (b"GET http://desk.example:8000/metrics HTTP/1.1", False),
    ],
)
def test_work_that_may_take_long_is_told_by_its_path(
    here: Channel, client: socket.socket, line: bytes, is_short: bool
) -> None:
    client.sendall(line + b"\r\nHost: x\r\n\r\n")
    assert here.gather() is Stage.WHOLE
    assert here.is_short_work is is_short


def test_sending_ends_when_the_client_is_too_slow(
    hurried: Channel, budget: Budget
) -> None:
    assert budget.take(2 * channel.SMALL_BYTES)
    with pytest.raises(TimeoutError):
        hurried.sendall(b"x" * LONG)


def test_sending_waits_for_a_client_that_takes_its_time(
    here: Channel, client: socket.socket
) -> None:
    came = bytearray()

    def take() -> None:
        while len(came) < LONG:
            came.extend(client.recv(1 << 20))

    taking = threading.Thread(target=take)
    taking.start()
    sent = bytes(range(250)) * (LONG // 250)
    here.sendall(sent)
    while not here.flush():
        time.sleep(0.001)
    taking.join()
    assert bytes(came) == sent


def test_what_comes_after_the_end_is_thrown_away(
    here: Channel, client: socket.socket
) -> None:
    here.end(5.0)
    assert client.recv(1) == b""
    assert here.discard()
    client.sendall(b"more")
    assert here.discard()
    client.close()
    assert not here.discard()
