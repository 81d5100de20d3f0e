"""`python -m benchmarks.engines`: one archive through Dask, Ray Data or Spark."""

import argparse
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

from benchmarks import memory

_ENGINES = ("dask", "ray", "spark")
_CODE = "import sys; from benchmarks import recipes; recipes.{}(*sys.argv[1:])"
_BETWEEN = 0.2  # seconds between two looks at the memory


def measured(command: list[str], variables: dict[str, str]) -> tuple[float, int]:
    """Seconds that a command takes, and the most bytes that its processes have.

    A page that n of them share counts an nth for each.
    """
    started = time.monotonic()
    most: list[int] = [0]
    with subprocess.Popen(command, env=variables) as process:  # noqa: S603 - our own
        watching = threading.Thread(target=_watch, args=(process, most))
        watching.start()
        code = process.wait()
    seconds = time.monotonic() - started
    watching.join()
    if code:
        raise subprocess.CalledProcessError(code, command)
    return seconds, most[0]


def _watch(process: "subprocess.Popen[bytes]", most: list[int]) -> None:
    while process.poll() is None:
        most[0] = max(most[0], memory.together(process.pid))
        time.sleep(_BETWEEN)


def main(arguments: list[str] | None = None) -> int:
    """Measure an engine; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.engines", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("engine", choices=_ENGINES)
    parser.add_argument("archive", type=Path, help="a Parquet file")
    parser.add_argument("output", type=Path, help="a folder")
    parser.add_argument("--models", type=Path, default=Path("models"))
    options = parser.parse_args(arguments)
    paths = [
        str(path.absolute())
        for path in (options.archive, options.output, options.models)
    ]
    code = _CODE.format(options.engine)
    variables = {**os.environ, "PYSPARK_PYTHON": sys.executable}  # noqa: TID251 - Spark's
    seconds, most = measured([sys.executable, "-c", code, *paths], variables)
    print(f"{options.engine}: {seconds:.1f} s, {most / 1e6:,.0f} MB at most")
    return 0


if __name__ == "__main__":
    sys.exit(main())
