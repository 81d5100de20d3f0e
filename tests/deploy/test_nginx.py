"""nginx as it ships, before replicas that are told what to answer."""

import http.client
import json
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from benchmarks.proxy import CONFIGURATION, LOG, proxied
from benchmarks.serving import HOST, free_port
from service import gunicorn_conf
from service.web import headers
from service.web.settings import Settings

pytestmark = pytest.mark.nginx

CLASSIFY, STREAM = "/v1/classify", "/v1/classify/stream"
CONFIGURED = CONFIGURATION.read_text("utf-8")


class Replica(ThreadingHTTPServer):
    """Answers with one status, and remembers what it was asked."""

    def __init__(self, status: int = 200) -> None:
        super().__init__((HOST, 0), Handler)
        self.status = status
        self.asked: list[http.client.HTTPMessage] = []


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Replica

    def do_POST(self) -> None:
        self.server.asked.append(self.headers)
        if self.headers.get("Transfer-Encoding") == "chunked":
            self.echo()
            return
        self.rfile.read(int(self.headers["Content-Length"]))
        if not self.server.status:  # it hangs up
            self.close_connection = True
            return
        self.send_response(self.server.status)
        self.send_header("Retry-After", "1")
        self.send_header("Content-Length", "0")
        self.end_headers()

    def echo(self) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while size := int(self.rfile.readline(), 16):
            chunk = self.rfile.read(size + 2)
            self.wfile.write(b"%x\r\n%s" % (size, chunk))
        self.rfile.readline()
        self.wfile.write(b"0\r\n\r\n")

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@dataclass
class Place:
    """nginx, before a replica that does well and one that does not, or is not there."""

    good: Replica
    bad: Replica
    port: int
    folder: Path

    def ask(
        self, path: str, body: bytes = b"{}", **given: str
    ) -> http.client.HTTPResponse:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=30)
        named = {name.replace("_", "-"): value for name, value in given.items()}
        connection.request("POST", path, body, named)
        response = connection.getresponse()
        response.body = response.read()
        connection.close()
        return response


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("nginx")
    good, bad = Replica(), Replica()
    threads = [
        threading.Thread(target=one.serve_forever, args=(0.05,)) for one in (good, bad)
    ]
    for thread in threads:
        thread.start()
    ports = (good.server_port, bad.server_port, free_port())
    with proxied(ports, folder) as port:
        yield Place(good, bad, port, folder)
    for one, thread in zip((good, bad), threads, strict=True):
        one.shutdown()
        thread.join()
        one.server_close()


@pytest.fixture(autouse=True)
def healthy(place: Place) -> None:
    place.good.status = place.bad.status = 200
    place.good.asked.clear()
    place.bad.asked.clear()


@pytest.mark.parametrize("status", [0, 503])
@pytest.mark.parametrize("path", [CLASSIFY, f"{CLASSIFY}/batch"])
def test_tagging_is_asked_of_another_replica(
    place: Place, path: str, status: int
) -> None:
    place.bad.status = status
    assert [place.ask(path).status for _ in range(6)] == [200] * 6
    assert len(place.good.asked) == 6
    assert place.bad.asked


def test_what_is_not_tagging_is_asked_once(place: Place) -> None:
    place.bad.status = 503
    found = [place.ask("/v1/model/reload").status for _ in range(6)]
    assert set(found) == {200, 503}
    assert len(place.good.asked) + len(place.bad.asked) == 6


def test_where_all_are_busy_a_replica_says_so(place: Place) -> None:
    place.good.status = place.bad.status = 503
    for _ in range(6):
        answer = place.ask(CLASSIFY)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "1")
    place.good.status = 200
    assert place.ask(CLASSIFY).status == 200


def test_where_none_answers_it_says_so_as_the_service_would(
    place: Place, tmp_path: Path
) -> None:
    with proxied([free_port()], tmp_path) as port:
        nowhere = Place(place.good, place.bad, port, tmp_path)
        answer = nowhere.ask(CLASSIFY, X_Request_ID="desk-42")
    assert answer.status == 503
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["X-Request-ID"] == "desk-42"
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert json.loads(answer.body)["status"] == 503


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        (CLASSIFY, Settings.max_body_bytes, 200),
        (CLASSIFY, Settings.max_body_bytes + 1, 413),
        (f"{CLASSIFY}/batch", Settings.max_batch_bytes, 200),
        (f"{CLASSIFY}/batch", Settings.max_batch_bytes + 1, 413),
    ],
)
def test_bodies_have_the_service_s_bounds(
    place: Place, path: str, size: int, status: int
) -> None:
    answer = place.ask(path, b" " * size)
    assert answer.status == status
    if status == 413:
        assert json.loads(answer.body)["status"] == 413
        assert not place.good.asked + place.bad.asked


def test_a_stream_is_answered_while_it_is_sent(place: Place) -> None:
    for _ in range(3):  # one of three replicas is not there
        with socket.create_connection((HOST, place.port), 30) as caller:
            caller.sendall(
                f"POST {STREAM} HTTP/1.1\r\nHost: x\r\n"
                "Transfer-Encoding: chunked\r\n\r\n".encode()
            )
            came = b""
            for line in (b"first", b"second"):
                caller.sendall(b"%x\r\n%s\r\n" % (len(line), line))
                while line not in came:
                    piece = caller.recv(4096)
                    assert piece, came
                    came += piece
            caller.sendall(b"0\r\n\r\n")
            while not came.endswith(b"0\r\n\r\n"):
                came += caller.recv(4096)


@pytest.mark.parametrize("given", ["desk-42", "a" * 128])
def test_request_id_is_passed_on(place: Place, given: str) -> None:
    place.ask(CLASSIFY, X_Request_ID=given)
    (asked,) = place.good.asked + place.bad.asked
    assert asked["X-Request-ID"] == given
    place.ask(CLASSIFY)  # by now, nginx has logged what came before
    assert f" {given}\n" in (place.folder / LOG).read_text("utf-8")


@pytest.mark.parametrize("given", ["", "a b", "a" * 129])
def test_request_id_that_is_not_fit_is_replaced(place: Place, given: str) -> None:
    place.ask(CLASSIFY, X_Request_ID=given)
    (asked,) = place.good.asked + place.bad.asked
    assert len(asked["X-Request-ID"]) == 32
    assert headers._REQUEST_ID.pattern in CONFIGURED


def test_callers_cannot_say_who_they_are(place: Place) -> None:
    place.ask(CLASSIFY, X_Forwarded_For="192.0.2.1")
    (asked,) = place.good.asked + place.bad.asked
    assert asked.get_all("X-Forwarded-For") == [f"192.0.2.1, {HOST}"]


def test_metrics_are_each_replica_s_own(place: Place) -> None:
    assert place.ask("/metrics").status == 404
    assert not place.good.asked + place.bad.asked


def test_waits_are_the_service_s() -> None:
    assert f"client_body_timeout {Settings.read_seconds}s;" in CONFIGURED
    assert f"keepalive_timeout {gunicorn_conf.keepalive - 1}s;" in CONFIGURED
