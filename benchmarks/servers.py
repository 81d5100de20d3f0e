"""Servers on this machine that live for one measurement."""

import http.client
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks.serving import HOST, PATIENCE, free_port, stop

ROOT = Path(__file__).parents[1]
CLASSIFY, CONSTANT, BARE = "/v1/classify", "/v1/constant", "/bare"
AS_DEPLOYED = ("--config=service/gunicorn_conf.py",)
PLAIN = ("--workers=2", "--threads=2", "--preload")
_STARTS_WITHIN = 120.0  # seconds; the peer loads much
_ASK_AGAIN = 0.005
_JSON = {"Content-Type": "application/json"}


class ServerError(Exception):
    """A server does not start, or does not answer as it should."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that answers.

    Attributes:
        pid: Of the master.
        port: On the loopback.
        started: Seconds from its start to its first good answer.
    """

    pid: int
    port: int
    started: float

    def url(self, path: str) -> str:
        """The address of a path."""
        return f"http://{HOST}:{self.port}{path}"

    def post(self, path: str, bodies: Sequence[bytes]) -> bytes:
        """Post bodies one after another on one connection; the last one's answer."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=PATIENCE)
        answer = b""
        for body in bodies:
            connection.request("POST", path, body, _JSON)
            response = connection.getresponse()
            answer = response.read()
            if response.status != http.HTTPStatus.OK:
                raise ServerError(f"{path} answered {response.status}: {answer!r}")
        connection.close()
        return answer


def environment(models: Path, **variables: str) -> dict[str, str]:
    """What a command of ours is started with; nothing of the caller's own."""
    return {"PATH": os.defpath, "BARCHASB_MODELS": str(models), **variables}


@contextmanager
def serving(
    application: str,
    path: str,
    body: bytes,
    variables: dict[str, str],
    options: Sequence[str] = AS_DEPLOYED,
) -> Iterator[Server]:
    """Run gunicorn with two workers until the block ends.

    Args:
        application: What it serves, as `module:name`.
        path: Where a first good answer is waited for.
        body: What is posted there.
        variables: The server's environment.
        options: gunicorn's.
    """
    port = free_port()
    command = [sys.executable, "-m", "gunicorn", *options, application]
    with tempfile.TemporaryFile() as log:
        began = time.perf_counter()
        server = subprocess.Popen(  # noqa: S603 - our own command
            [*command, f"--bind={HOST}:{port}"],
            cwd=ROOT,
            env=variables,
            stdout=log,
            stderr=log,
        )
        try:
            _wait(server, port, path, body)
            yield Server(server.pid, port, time.perf_counter() - began)
        except ConnectionRefusedError:
            log.seek(0)
            said = log.read().decode(errors="replace")
            raise ServerError(f"{application} does not start: {said}") from None
        finally:
            stop(server)


def _wait(server: subprocess.Popen[bytes], port: int, path: str, body: bytes) -> None:
    answering = Server(server.pid, port, 0.0)
    deadline = time.monotonic() + _STARTS_WITHIN
    while True:
        try:
            answering.post(path, [body])
        except ConnectionRefusedError:
            if server.poll() is not None or time.monotonic() > deadline:
                raise
            time.sleep(_ASK_AGAIN)
        else:
            return
