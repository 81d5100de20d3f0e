"""nginx as `deploy/nginx/barchasb.conf` has it, before servers on this machine."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.serving import HOST, free_port, run, stop

CONFIGURATION = Path(__file__).parents[1] / "deploy" / "nginx" / "barchasb.conf"
LOG = "barchasb.log"
_SERVERS = re.compile(r"(?:^ +server [\d.:]+ max_fails=0;\n)+", re.M)
_MAIN = """\
{user}daemon off;
worker_processes 1;
pid nginx.pid;
error_log error.log;
events {{}}
http {{
    client_body_temp_path temporary/body;
    proxy_temp_path temporary/proxy;
    fastcgi_temp_path temporary/fastcgi;
    uwsgi_temp_path temporary/uwsgi;
    scgi_temp_path temporary/scgi;
    include barchasb.conf;
}}
"""


class ProxyError(Exception):
    """nginx is not installed."""


@contextlib.contextmanager
def proxied(ports: Sequence[int], folder: Path) -> Iterator[int]:
    """Run nginx as it ships, but for the addresses; yields its port.

    Args:
        ports: Where the servers listen, on the loopback.
        folder: An empty one, for its files; its log of requests is `LOG`.

    Raises:
        ProxyError: There is none.
    """
    # Debian has it where only root's commands are.
    nginx = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
    if nginx is None:
        raise ProxyError("nginx is not installed; run apt-get install nginx-light")
    port = free_port()
    (folder / "temporary").mkdir()
    user = "user root;\n" if os.geteuid() == 0 else ""
    (folder / "nginx.conf").write_text(_MAIN.format(user=user), "utf-8")
    (folder / "barchasb.conf").write_text(_configured(ports, port), "utf-8")
    command = [nginx, "-p", f"{folder}/", "-c", f"{folder}/nginx.conf"]
    process = run(command, {"PATH": os.defpath}, folder / "printed", port)
    try:
        yield port
    finally:
        stop(process)


def _configured(ports: Sequence[int], port: int) -> str:
    servers = "".join(f"    server {HOST}:{one} max_fails=0;\n" for one in ports)
    text = _SERVERS.sub(servers, CONFIGURATION.read_text("utf-8"))
    return text.replace("listen 80;", f"listen {HOST}:{port};").replace(
        "/var/log/nginx/", ""
    )
