"""The service under gunicorn, as it is deployed."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
GUNICORN = [sys.executable, "-m", "gunicorn", "--config", "service/gunicorn_conf.py"]
HEADERS = "Host: x\r\nContent-Type: application/json\r\nConnection: close\r\n"
BIG = b'{"text": "' + b"a" * (20 * 1024 * 1024) + b'"}'


def environment(**variables: str) -> dict[str, str]:
    return {"PATH": os.defpath, "PYTHONPATH": str(ROOT), **variables}


@dataclass
class Service:
    port: int
    process: subprocess.Popen[str]
    log: Path

    def connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=10)

    def send(self, request: str) -> tuple[str, dict[str, object]]:
        """The first line and the JSON of the answer to raw bytes."""
        with socket.create_connection(("127.0.0.1", self.port), 10) as connection:
            connection.sendall(request.encode("latin-1"))
            with connection.makefile("rb") as answer:
                head, _, body = answer.read().partition(b"\r\n\r\n")
        assert b"content-type: application/problem+json" in head.lower()
        assert re.search(rb"\r\nX-Request-ID: [0-9a-f]{32}", head)
        return head.split(b"\r\n")[0].decode(), json.loads(body)


@contextlib.contextmanager
def serving(application: str, folder: Path, **variables: str) -> Iterator[Service]:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = folder / "log"
    with log.open("w") as file:
        process = subprocess.Popen(
            [*GUNICORN, application],
            cwd=ROOT,
            env=environment(BARCHASB_PORT=str(port), **variables),
            stdout=file,
            stderr=file,
            text=True,
        )
    running = Service(port, process, log)
    try:
        wait_for(running)
        yield running
    finally:
        process.kill()
        process.wait(10)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    folder = tmp_path_factory.mktemp("gunicorn")
    application = "tests.web.fake_wsgi:application"
    with serving(application, folder, BARCHASB_WORKERS="1") as running:
        yield running


def wait_for(service: Service) -> None:
    for _ in range(300):
        try:
            socket.create_connection(("127.0.0.1", service.port), 10).close()
        except ConnectionRefusedError:
            time.sleep(0.05)
        else:
            return
    pytest.fail(service.log.read_text())


def test_large_body_is_answered(service: Service) -> None:
    connection = service.connect()
    connection.request(
        "POST", "/v1/classify", BIG, {"Content-Type": "application/json"}
    )
    answer = connection.getresponse()
    assert answer.status == 413
    assert json.loads(answer.read())["status"] == 413
    connection.close()


def test_large_chunked_body_is_answered(service: Service) -> None:
    connection = service.connect()
    pieces = (BIG[place : place + 65536] for place in range(0, len(BIG), 65536))
    connection.request(
        "POST", "/v1/classify", pieces, {"Content-Type": "application/json"}
    )
    answer = connection.getresponse()
    assert (answer.status, json.loads(answer.read())["status"]) == (413, 413)
    assert answer.headers["Connection"] == "close"
    connection.close()


@pytest.mark.parametrize(
    ("request_line", "headers", "body", "status"),
    [
        ("POST /v1/classify HTTP/1.1", "Transfer-Encoding: chunked", "zz\r\n", 400),
        ("POST /v1/classify HTTP/1.1", "Transfer-Encoding: chunked", "1\r\n{X", 400),
        ("POST /v1/classify HTTP/1.1", "Transfer-Encoding: nonsense", "", 501),
        ("POST /v1/classify HTTP/1.1", "Transfer-Encoding: gzip", "", 400),
        ("POST /v1/classify HTTP/1.1", "Content-Length: many", "", 400),
        ("POST /v1/classify HTTP/1.1", "Expect: cake", "", 417),
        (f"GET /{'a' * 5000} HTTP/1.1", "X: a", "", 414),
        ("GET / HTTP/1.1", f"X: {'a' * 9000}", "", 431),
        ("GET / HTTP/9.9", "X: a", "", 400),
        ("\x16\x03\x01", "X: a", "", 400),
        ("BREW / HTTP/1.1", "X: a", "", 405),
    ],
    ids=[
        "malformed chunk",
        "chunk without end",
        "transfer coding",
        "transfer coding without end",
        "length",
        "expectation",
        "long request line",
        "long header",
        "version",
        "not HTTP",
        "method of the application",
    ],
)
def test_bad_http_is_a_problem(
    service: Service, request_line: str, headers: str, body: str, status: int
) -> None:
    first, problem = service.send(
        f"{request_line}\r\n{HEADERS}{headers}\r\n\r\n{body}\r\n"
    )
    assert first.split()[1] == str(status)
    assert problem["status"] == status
    assert {"type", "title", "detail"} < set(problem)


def logged(service: Service, words: str) -> str:
    """The log, with words that come after the answer."""
    deadline = time.monotonic() + 5
    while words not in service.log.read_text() and time.monotonic() < deadline:
        time.sleep(0.05)
    return service.log.read_text()


def test_log_has_a_line_for_each_request_and_no_query(service: Service) -> None:
    connection = service.connect()
    connection.request("GET", "/healthz?q=SECRET", headers={"X-Request-ID": "desk-3"})
    connection.getresponse().read()
    connection.close()
    service.send(f"GET /healthz?SECRET HTTP/9.9\r\n{HEADERS}\r\n")
    log = logged(service, "desk-3")
    (line,) = (json.loads(one) for one in log.splitlines() if "desk-3" in one)
    found = (line["method"], line["route"], line["status"], line["bytes_out"])
    assert found == ("GET", "/healthz", 200, 15)
    assert "SECRET" not in log


def test_log_has_no_path_that_is_not_served(service: Service) -> None:
    connection = service.connect()
    headers = {"X-Request-ID": "desk-4"}
    connection.request("GET", "/nowhere%0aFORGED%1b", headers=headers)
    connection.getresponse().read()
    connection.close()
    log = logged(service, "desk-4")
    assert "desk-4" in log
    assert "FORGED" not in log


def test_metrics_count_what_never_was_a_request(service: Service) -> None:
    service.send(f"GET / HTTP/9.9\r\n{HEADERS}\r\n")
    connection = service.connect()
    connection.request("GET", "/metrics")
    found = connection.getresponse().read().decode()
    connection.close()
    assert re.search(r'^barchasb_refused_total\{status="400"\} [1-9]', found, re.M)
    assert "\nbarchasb_requests_in_flight 1.0\n" in found


def test_body_shorter_than_announced_is_refused(service: Service) -> None:
    body = '{"text": "a"}'
    head = f"POST /v1/classify HTTP/1.1\r\n{HEADERS}Content-Length: 500\r\n\r\n"
    with socket.create_connection(("127.0.0.1", service.port), 10) as connection:
        connection.sendall((head + body).encode())
        connection.shutdown(socket.SHUT_WR)
        with connection.makefile("rb") as answer:
            assert answer.read().startswith(b"HTTP/1.1 400 ")


def test_request_under_way_at_sigterm_is_answered(service: Service) -> None:
    """Last in this file: it stops the service."""
    body = json.dumps({"text": "برق"}).encode()
    connection = service.connect()
    connection.putrequest("POST", "/v1/classify")
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", str(len(body)))
    connection.endheaders(body[:5])
    time.sleep(0.3)
    service.process.send_signal(signal.SIGTERM)
    time.sleep(0.3)
    connection.send(body[5:])
    assert connection.getresponse().status == 200
    connection.close()
    assert service.process.wait(10) == 0


def test_reload_with_a_damaged_file_of_keys_ends_nothing(tmp_path: Path) -> None:
    application, keys = "tests.web.fake_wsgi:application", tmp_path / "keys.json"
    with serving(
        application, tmp_path, BARCHASB_WORKERS="1", BARCHASB_KEYS=str(keys)
    ) as running:
        keys.write_text("{")
        running.process.send_signal(signal.SIGHUP)
        for _ in range(100):
            if running.log.read_text().count("Booting worker") > 1:
                break
            assert running.process.poll() is None, running.log.read_text()
            time.sleep(0.05)
        with contextlib.closing(running.connect()) as connection:
            connection.request("GET", "/readyz")
            assert connection.getresponse().status == 200


ANYWHERE = "0.0.0.0"  # noqa: S104 - a value, nothing listens


@pytest.mark.parametrize(
    ("variables", "options", "words"),
    [
        (
            {"BARCHASB_PORT": "http"},
            [],
            "BARCHASB_PORT is 'http'; set it to a whole number",
        ),
        (
            {"BARCHASB_HOST": "[::1]"},
            [],
            "BARCHASB_HOST is '[::1]', which leads to no address; set it to an address",
        ),
        (
            {"BARCHASB_HOST": "desk..invalid"},
            [],
            "BARCHASB_HOST is 'desk..invalid', which leads to no address",
        ),
        (
            {"BARCHASB_MODELS": "/nowhere"},
            [],
            "/nowhere holds no live model; run `make tr",
        ),
        (
            {"BARCHASB_HOST": ANYWHERE},
            [],
            "the service would listen on 0.0.0.0 with no API key",
        ),
        (
            {},
            ["--bind", f"{ANYWHERE}:0", "tests.web.fake_wsgi:application"],
            "the service would listen on 0.0.0.0 with no API key",
        ),
        (
            {},
            [
                *("--bind", "127.0.0.1:0", "--certfile", "README.md"),
                "tests.web.fake_wsgi:application",
            ],
            "serve TLS with a proxy in front",
        ),
    ],
)
def test_start_without_what_it_needs_is_one_line(
    variables: dict[str, str], options: list[str], words: str
) -> None:
    ended = subprocess.run(
        [*GUNICORN, "--log-level", "critical", *options],
        cwd=ROOT,
        env=environment(BARCHASB_LOG_LEVEL="critical", **variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"barchasb: {words}")
    assert ended.stderr.count("\n") == 1
