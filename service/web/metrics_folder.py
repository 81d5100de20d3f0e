"""The folder in which every worker keeps its counts, for any of them to add up."""

import atexit
import contextlib
import fcntl
import functools
import os
import shutil
import tempfile
import time
from pathlib import Path

VARIABLE = "PROMETHEUS_MULTIPROC_DIR"  # by which prometheus_client finds it
_PREFIX = "barchasb-metrics-"
_YOUNG_SECONDS = 60.0  # a folder of that age may not be locked yet


@functools.cache
def make(parent: str | None) -> Path:
    """Make the folder, once a process, to be removed when this process ends.

    To be called before anything imports prometheus_client, which then looks for it.

    Args:
        parent: Where to make it, the folder for temporary files if not given.
    """
    _remove_abandoned(Path(parent or tempfile.gettempdir()))
    folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
    # Workers, being forks, hold the lock as well: it is free when all are gone.
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX)
    atexit.register(_remove, folder, os.getpid())
    os.environ[VARIABLE] = str(folder)  # noqa: TID251 - said, not asked
    return folder


def path() -> Path | None:
    """The folder, if one was made before."""
    made = os.environ.get(VARIABLE)  # noqa: TID251 - as the library finds it
    return Path(made) if made else None


def is_made() -> bool:
    """Whether this process has its folder already."""
    return make.cache_info().currsize > 0


def _remove(folder: Path, maker: int) -> None:
    # A worker is a fork, and ends with what its master asked for at the end.
    if os.getpid() == maker:
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Remove what masters left that were killed."""
    for folder in parent.glob(f"{_PREFIX}*"):
        with contextlib.suppress(OSError):  # locked, another user's, or gone by now
            if time.time() - folder.stat().st_mtime < _YOUNG_SECONDS:
                continue
            opened = os.open(folder, os.O_RDONLY | os.O_NOFOLLOW)
            try:
                fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
                shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(opened)
