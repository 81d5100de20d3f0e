"""gunicorn's configuration: `gunicorn --config service/gunicorn_conf.py`."""

import gc
import os
import socket
import sys
from typing import Any

from gunicorn.util import is_ipv6  # type: ignore[import-untyped]

from service.web import metrics_folder
from service.web.keys import require_choice
from service.web.settings import Settings, SettingsError

_ACCESS = "barchasb.access"  # importing it here would be too early for metrics' folder


def _require_address(host: str) -> None:
    """Say what is wrong: gunicorn would try for five seconds and not name the variable.

    Raises:
        SettingsError: The host is no address, and no name that has one.
    """
    try:
        socket.getaddrinfo(
            host, None, socket.AF_INET6 if is_ipv6(host) else socket.AF_INET
        )
    except (OSError, UnicodeError) as error:
        raise SettingsError(
            f"BARCHASB_HOST is {host!r}, which leads to no address; set it to an "
            "address or a name of this machine, without a port or brackets, or unset it"
        ) from error


try:
    _settings = Settings.from_environment()
    # Told to read this again (SIGHUP), the master goes on with the keys that it has:
    # to end because their file is damaged would end the service.
    if not metrics_folder.is_made():
        _require_address(_settings.host)
        require_choice(_settings, [_settings.host])
except SettingsError as error:
    sys.exit(f"barchasb: {error}")

_host = f"[{_settings.host}]" if ":" in _settings.host else _settings.host

wsgi_app = "service.wsgi:application"
bind = f"{_host}:{_settings.port}"
workers = _settings.workers
# Chosen by measurement: benchmarks/README.md has the figures. Threads wait for each
# other's interpreter lock, so the loop answers what is short work, and these few are
# for batches and the like. gevent lets a few requests wait for seconds.
worker_class = "service.web.worker.ProblemWorker"
threads = 4
# A client beyond so many is answered 503. Each may hold a request of 64 KiB.
worker_connections = 512
# The model is loaded and the kernel compiled once; workers are forks that share both.
preload_app = True

timeout = 30
graceful_timeout = 10
keepalive = 5

limit_request_line = 4094
limit_request_fields = 64
limit_request_field_size = 8190

# A worker's heartbeat on a disk may stall; memory does not.
_memory = "/dev/shm"  # noqa: S108 - gunicorn makes its own file in it, unlinked
worker_tmp_dir = _memory if os.access(_memory, os.W_OK) else None
# It would be a socket file in the home folder, for a tool that is not used here.
control_socket_disable = True

loglevel = _settings.log_level
# The application writes a line for each request: it knows more of it.
accesslog = None
errorlog = "-"
logger_class = "service.web.logs.ServerLogger"

metrics_folder.make(worker_tmp_dir)


def on_starting(server: Any) -> None:  # noqa: ANN401
    """Look at what it really listens on: an option goes before the setting."""
    hosts = [at[0] for at in server.cfg.address if isinstance(at, tuple)]
    try:
        require_choice(_settings, hosts)
    except SettingsError as error:
        sys.exit(f"barchasb: {error}")
    access = server.app.wsgi().extensions[_ACCESS]
    access.listen([_settings.host, *hosts])  # both: an option never lets more in


def when_ready(_server: Any) -> None:  # noqa: ANN401
    """Keep the collector from what is loaded, so that workers share its memory.

    To look through it for garbage is to write to it.
    """
    gc.collect()
    gc.freeze()


def post_worker_init(worker: Any) -> None:  # noqa: ANN401 - gunicorn has no types
    """Have a worker follow the live version, and count it with what it serves."""
    extensions = worker.wsgi.extensions
    follower = extensions["barchasb.follower"]
    if follower:
        follower.follow(extensions["barchasb.metrics"])


def child_exit(_server: object, worker: Any) -> None:  # noqa: ANN401
    """Count out a worker that has ended."""
    # Imported before its folder is made, it would count for one process alone.
    from service.web import metrics  # noqa: PLC0415

    metrics.process_ended(worker.pid)
