"""The service under gunicorn, with clients who send too much, too slowly or rubbish.

`python -m benchmarks.siege` is the long form, with the real model.
"""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.slow_wsgi import SLOWLY
from tests.web.test_gunicorn import Service, serving

DESK = "https://desk.example"
HEAD = (
    f"POST /v1/classify HTTP/1.1\r\nHost: x\r\nOrigin: {DESK}\r\n"
    "Content-Type: application/json\r\n"
)
SLOW = "tests.web.slow_wsgi:application"
MANY = 40  # more than there are threads of any kind
SENT_AWAY = {b"100", b"400", b"408", b"413", b"503"}


def asked(text: str) -> bytes:
    body = json.dumps({"text": text}).encode()
    return f"{HEAD}Content-Length: {len(body)}\r\n\r\n".encode() + body


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("overload")
    variables = {
        "BARCHASB_WORKERS": "1",
        "BARCHASB_READ_SECONDS": "1",
        "BARCHASB_CORS_ORIGINS": DESK,
    }
    with serving(SLOW, folder, **variables) as running:
        yield running


@pytest.fixture
def crowd(service: Service) -> Iterator[list[socket.socket]]:
    with contextlib.ExitStack() as opened:
        yield [
            opened.enter_context(
                socket.create_connection(("127.0.0.1", service.port), 20)
            )
            for _ in range(MANY)
        ]


def answer_on(connection: socket.socket) -> http.client.HTTPResponse:
    answer = http.client.HTTPResponse(connection, method="POST")
    answer.begin()
    return answer


def assert_serves(service: Service) -> None:
    deadline = time.monotonic() + 20
    status = 503  # on a slow machine, what was sent before may be too much for a while
    while status == 503 and time.monotonic() < deadline:
        with socket.create_connection(("127.0.0.1", service.port), 20) as honest:
            honest.sendall(asked("قطعی برق"))
            status = answer_on(honest).status
    assert status == 200


def test_what_waits_too_long_is_refused_and_the_rest_answered(
    service: Service, crowd: list[socket.socket]
) -> None:
    for connection in crowd:
        connection.sendall(asked(SLOWLY))
    answers = [answer_on(connection) for connection in crowd]
    assert {answer.status for answer in answers} == {200, 503}
    for connection, answer in zip(crowd, answers, strict=True):
        body = json.loads(answer.read())
        if answer.status == 503:
            assert answer.headers["Retry-After"] == "1"
            assert answer.headers["Access-Control-Allow-Origin"] == DESK
            assert answer.headers["Content-Type"] == "application/problem+json"
            assert body["status"] == 503
            connection.sendall(asked("قطعی برق"))
            assert answer_on(connection).status == 200
            break
    assert_serves(service)


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_probes_are_answered_while_articles_wait(
    crowd: list[socket.socket], path: str
) -> None:
    *busy, probe = crowd
    for connection in busy:
        connection.sendall(asked(SLOWLY))
    probe.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    assert answer_on(probe).status == 200
    assert 503 in {answer_on(connection).status for connection in busy}


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"POST /v1/classify HTT",
        f"{HEAD}Content-Length: 20000000\r\n\r\n".encode(),
        f"{HEAD}Content-Length: 2000000\r\n\r\n{{".encode(),
        f"{HEAD}Content-Length: 50\r\n\r\n{{".encode(),
        f"{HEAD}Content-Length: 50\r\nExpect: 100-continue\r\n\r\n".encode(),
        f"{HEAD}Transfer-Encoding: chunked\r\n\r\n5\r\n{{".encode(),
        b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    ],
    ids=[
        "nothing",
        "half a line",
        "too much",
        "much",
        "little",
        "asks first",
        "chunks",
        "TLS",
    ],
)
def test_clients_that_stall_hold_nobody_and_are_sent_away(
    service: Service, crowd: list[socket.socket], sent: bytes
) -> None:
    for connection in crowd:
        connection.sendall(sent)
    assert_serves(service)
    for connection in crowd:
        with contextlib.suppress(ConnectionResetError), connection.makefile("rb") as on:
            told = on.read()  # to the end: the service closes it
            assert not told or told.split()[1] in SENT_AWAY


def test_clients_that_do_not_read_hold_nobody(
    service: Service, crowd: list[socket.socket]
) -> None:
    for connection in crowd:
        connection.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            connection.send(b"GET /openapi.json HTTP/1.1\r\nHost: x\r\n\r\n" * 400)
    assert_serves(service)


def test_requests_in_one_packet_are_answered_in_order(service: Service) -> None:
    with socket.create_connection(("127.0.0.1", service.port), 20) as connection:
        connection.sendall(
            asked("قطعی برق") + b"\r\n" + asked(" ") + b"rubbish\r\n\r\n" * 100
        )
        with connection.makefile("rb") as on:
            told = on.read()
    assert re.findall(rb"HTTP/1\.1 (\d+)", told) == [b"200", b"422", b"400"]


def test_answer_is_sent_to_the_end_though_the_client_still_sends(
    service: Service,
) -> None:
    with socket.create_connection(("127.0.0.1", service.port), 20) as connection:
        connection.sendall(f"{HEAD}Content-Length: 20000000\r\n\r\n".encode())
        for _ in range(100):
            connection.sendall(b" " * 100_000)
        assert answer_on(connection).status == 413


def workers_of(service: Service) -> set[int]:
    pid = service.process.pid
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    if not listed.exists():
        pytest.skip("the system does not list a process's children")
    return {int(one) for one in listed.read_text().split()}


def test_worker_that_is_killed_is_replaced_and_a_service_ends_in_order(
    tmp_path: Path,
) -> None:
    with serving(SLOW, tmp_path, BARCHASB_WORKERS="2") as service:
        deadline = time.monotonic() + 20
        while len(workers_of(service)) < 2 and time.monotonic() < deadline:
            time.sleep(0.02)
        before = workers_of(service)
        os.kill(min(before), signal.SIGKILL)
        while len(workers_of(service) - before) < 1 and time.monotonic() < deadline:
            time.sleep(0.02)
        assert len(workers_of(service)) == 2
        assert_serves(service)
        with contextlib.ExitStack() as opened:
            crowd = [
                opened.enter_context(
                    socket.create_connection(("127.0.0.1", service.port), 20)
                )
                for _ in range(MANY)
            ]
            for connection in crowd:
                connection.sendall(asked(SLOWLY))
            service.process.send_signal(signal.SIGTERM)
            statuses = [answer_on(connection).status for connection in crowd]
        assert 200 in statuses
        assert set(statuses) <= {200, 503}
        assert service.process.wait(20) == 0


def test_log_and_metrics_have_nothing_of_an_article(service: Service) -> None:
    secret = "رازSECRET"  # noqa: S105 - a word
    body = json.dumps({"text": secret, "title": 5}).encode()
    with socket.create_connection(("127.0.0.1", service.port), 20) as connection:
        head = f"{HEAD}Content-Length: {len(body)}\r\n\r\n"
        connection.sendall(head.encode() + body + f"{secret}\r\n\r\n".encode())
        with connection.makefile("rb") as on:
            on.read()
    metrics = service.connect()
    metrics.request("GET", "/metrics")
    told = metrics.getresponse().read().decode()
    metrics.close()
    assert "barchasb_refused_total" in told
    assert "SECRET" not in told + service.log.read_text()
