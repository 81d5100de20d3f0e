"""The service under gunicorn, started for a measurement and stopped after it."""

import contextlib
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

HOST = "127.0.0.1"
PATIENCE = 30.0  # seconds to wait for a start, a stop or an answer at all
_ROOT = Path(__file__).parents[1]


def free_port() -> int:
    """A port of the loopback that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def served(models: Path, log: Path, **variables: str) -> Iterator[tuple[int, int]]:
    """Serve a folder of versions with two workers, on a free port.

    Args:
        models: The folder.
        log: A file for what the service prints.
        variables: Other settings.

    Yields:
        The port, and the id of the process that workers are forked from.
    """
    port = free_port()
    process = start(models, log, port, **variables)
    try:
        yield port, process.pid
    finally:
        stop(process)


def start(
    models: Path, log: Path, port: int, **variables: str
) -> subprocess.Popen[bytes]:
    """Serve a folder of versions on a port, until `stop`; returns once it listens."""
    environment = {
        "PATH": os.defpath,
        "PYTHONPATH": str(_ROOT),
        "BARCHASB_MODELS": str(models),
        "BARCHASB_PORT": str(port),
        "BARCHASB_WORKERS": "2",
        "BARCHASB_KEYS": str(log.with_name("keys.json")),  # none: all may ask
        **variables,
    }
    command = [sys.executable, "-m", "gunicorn", "--config", "service/gunicorn_conf.py"]
    return run(command, environment, log, port)


def run(
    command: Sequence[str], environment: dict[str, str], log: Path, port: int
) -> subprocess.Popen[bytes]:
    """Run a server of ours; returns once it listens.

    Raises:
        RuntimeError: It does not; the message has what it printed.
    """
    with log.open("ab") as file:
        process = subprocess.Popen(  # noqa: S603 - our own command
            command, cwd=_ROOT, env=environment, stdout=file, stderr=file
        )
    try:
        _wait_until_ready(port, process, log)
    except BaseException:
        stop(process)
        raise
    return process


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a server that was started here, in whatever state it is."""
    process.terminate()
    try:
        process.wait(PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait(PATIENCE)


def _wait_until_ready(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection((HOST, port), 1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"it does not start: {log.read_text('utf-8')}")


def workers_of(pid: int) -> list[int]:
    """The ids of the workers; none where the system does not tell."""
    listed = Path(f"/proc/{pid}/task/{pid}/children")
    return [int(one) for one in listed.read_text().split()] if listed.exists() else []
