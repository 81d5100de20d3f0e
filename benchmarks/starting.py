"""How soon a service answers, and what memory its workers have."""

import re
import subprocess
import sys
import tempfile
import time

from benchmarks import memory
from benchmarks.figures import Figure, Measured
from benchmarks.material import Material
from benchmarks.over_http import request_bodies
from benchmarks.servers import CLASSIFY, ROOT, environment, serving

_SERVICE = "service.wsgi:application"
_TIMES = 3
_ASKED = 10_000  # requests before memory is taken: garbage has been looked for, too
_MEGABYTE = 1e6


def measure(material: Material) -> Measured:
    """From start to first good answer; workers' memory after thousands of answers."""
    bodies = request_bodies(material.articles)
    variables = environment(material.models)
    imports, starts = [], []
    for _ in range(_TIMES + 1):
        imports.append(_import_seconds(variables))
        with serving(_SERVICE, CLASSIFY, bodies[0], variables) as server:
            starts.append(server.started)
    with serving(_SERVICE, CLASSIFY, bodies[0], variables) as server:
        server.post(CLASSIFY, (bodies * _ASKED)[:_ASKED])
        _, *workers = memory.tree(server.pid)
        shares = [memory.proportional(pid) / _MEGABYTE for pid in workers]
        total = memory.together(server.pid) / _MEGABYTE
    with tempfile.TemporaryDirectory() as folder:
        compiling = variables | {"NUMBA_CACHE_DIR": folder}
        with serving(_SERVICE, CLASSIFY, bodies[0], compiling) as server:
            first = server.started
    start, imported = min(starts[1:]), min(imports[1:])
    return Measured(
        [
            Figure(
                "start to first good answer over importing the packages",
                start / imported,
                most=2,
            ),
            Figure("importing the run-time packages", imported, "s"),
            Figure("start to first good answer", start, "s"),
            Figure("the same where the kernel is not compiled yet", first, "s"),
            Figure("memory of a worker (PSS)", max(shares), "MB", most=60),
            Figure("memory of master and two workers (PSS)", total, "MB", most=256),
        ]
    )


def packages() -> list[str]:
    """What the service imports, as Python calls it."""
    named = (ROOT / "requirements" / "runtime.in").read_text()
    return [name.replace("-", "_") for name in re.findall(r"^[\w-]+", named, re.M)]


def _import_seconds(variables: dict[str, str]) -> float:
    started = time.perf_counter()
    subprocess.run(  # noqa: S603 - our own command
        [sys.executable, "-c", f"import {', '.join(packages())}"],
        cwd=ROOT,
        env=variables,
        check=True,
    )
    return time.perf_counter() - started
