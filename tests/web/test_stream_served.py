"""A stream under gunicorn: answered while it is sent, whatever its length."""

import gzip
import http.client
import json
import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.web.test_gunicorn import Service, service  # noqa: F401 - a fixture

LINE = '{"id": %d, "text": "قطعی برق در شهر و صادرات به همسایگان"}\n'
HEAD = (
    "POST /v1/classify/stream?limit=1 HTTP/1.1\r\nHost: x\r\n"
    "Content-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n%s\r\n"
)


class Client:
    """Sends chunks when it is told to, and reads lines of the answer."""

    def __init__(self, port: int, headers: str = "") -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), 10)
        self.socket.sendall((HEAD % headers).encode())
        self.answer = http.client.HTTPResponse(self.socket, method="POST")
        self.begun = False

    def send(self, piece: bytes) -> None:
        self.socket.sendall(b"%x\r\n%s\r\n" % (len(piece), piece) if piece else b"")

    def end(self) -> None:
        self.socket.sendall(b"0\r\n\r\n")

    def line(self) -> dict[str, Any]:
        if not self.begun:
            self.answer.begin()
            self.begun = True
        found: dict[str, Any] = json.loads(self.answer.readline())
        return found


@pytest.fixture
def client(service: Service) -> Iterator[Client]:  # noqa: F811
    found = Client(service.port)
    with found.socket:
        yield found


def test_line_is_answered_before_the_next_is_sent(client: Client) -> None:
    for number in range(3):
        client.send((LINE % number).encode())
        assert client.line()["id"] == number
    half = (LINE % 3).encode()
    client.send(half[:20])
    client.send(half[20:] + (LINE % 4).encode()[:5])
    assert client.line()["id"] == 3
    client.end()
    assert client.line()["problem"]["status"] == 400
    assert client.answer.read() == b""


def test_packed_line_is_answered_before_the_next_is_sent(service: Service) -> None:  # noqa: F811
    client = Client(service.port, "Content-Encoding: gzip\r\n")
    with client.socket:
        for number in range(2):
            client.send(gzip.compress((LINE % number).encode()))
            assert client.line()["id"] == number


def test_client_that_leaves_costs_nothing(service: Service) -> None:  # noqa: F811
    for _ in range(20):
        client = Client(service.port)
        client.send((LINE % 1).encode())
        client.socket.close()
    connection = service.connect()
    connection.request("GET", "/healthz")
    assert connection.getresponse().status == 200
    connection.close()


def worker_memory(master: int) -> int:
    """Kilobytes of the one worker."""
    for status in Path("/proc").glob("[0-9]*/status"):
        found = status.read_text()
        if f"\nPPid:\t{master}\n" in found:
            resident = re.search(r"^VmRSS:\s+(\d+) kB", found, re.M)
            assert resident
            return int(resident[1])
    pytest.fail("there is no worker")


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc")
def test_length_costs_no_memory(service: Service, client: Client) -> None:  # noqa: F811
    piece = "".join(LINE % number for number in range(100)).encode()
    pieces = 150

    def send() -> None:
        for _ in range(pieces):
            client.send(piece)
        client.end()

    client.send(piece)
    client.line()
    before = worker_memory(service.process.pid)
    thread = threading.Thread(target=send)
    thread.start()
    lines = 1
    while client.answer.readline():
        lines += 1
    thread.join()
    assert lines == 100 * (pieces + 1)
    assert worker_memory(service.process.pid) < before + 8 * 1024
