"""The file in which a process counts for Prometheus, its room taken beforehand.

prometheus_client maps the file into memory and writes as it counts. A page for which
the disk then has no room ends the process (SIGBUS), and so every one that takes its
place. Here room is taken before it is used. Where there is none, a process counts in
memory of its own: its counts are missing from the sum, and it answers.

An article is counted in a dozen values. The library asks for the process's number and
packs bytes each time, which took longer than all else around the tagging; here a value
is added to where it lies.
"""

import logging
import mmap
import os
import threading
from pathlib import Path
from typing import Any, BinaryIO

from prometheus_client import mmap_dict, values

_FIRST = 1 << 16  # bytes, as the library would begin with
_ENTRY = 4096  # bytes; no name with its labels is as long
_DOUBLE = 8  # bytes, at a multiple of which every value lies

_log = logging.getLogger(__name__)


class MetricsFile(mmap_dict.MmapedDict):
    """What a process has counted, of one type of metric.

    Attributes:
        doubles: All of it, seen as numbers.
        places: Where among them each value lies.
    """

    doubles: "memoryview[float]"
    places: dict[str, int]

    def __init__(self, filename: str, read_mode: bool = False) -> None:
        self.places = {}
        self._is_on_disk = read_mode or _begin(Path(filename))
        if self._is_on_disk:
            super().__init__(filename, read_mode)  # type: ignore[no-untyped-call]
        else:
            with _memory(filename) as memory:
                path = f"/proc/self/fd/{memory.fileno()}"
                super().__init__(path)  # type: ignore[no-untyped-call]
        self._look()

    def close(self) -> None:
        """Let go of the file; a second time, nothing."""
        self.doubles.release()
        super().close()  # type: ignore[no-untyped-call]

    def _init_value(self, key: str) -> None:
        """Begin to count something more."""
        if (
            self._is_on_disk
            and self._used + _ENTRY > self._capacity
            and not _take(self._f.fileno(), 2 * self._capacity)
        ):
            self._leave()
        super()._init_value(key)  # type: ignore[no-untyped-call]
        self._look()

    def _look(self) -> None:
        self.doubles = memoryview(self._m).cast("d")
        self.places = {key: at // _DOUBLE for key, at in self._positions.items()}

    def _leave(self) -> None:
        """Go on in memory; what is counted so far stays in the sum."""
        memory = _memory(self._fname)
        memory.write(self._m)
        memory.flush()
        self._f.close()
        self._f = memory
        self._m = mmap.mmap(memory.fileno(), self._capacity)
        self._is_on_disk = False


_Mapped: type[Any] = values.MultiProcessValue()  # type: ignore[no-untyped-call]
_lock = threading.Lock()


class Value(_Mapped):  # type: ignore[misc]  # the library makes the class
    """A number in such a file.

    The library finds out that its process is a fork when a value is set, not here.
    """

    def inc(self, amount: float) -> None:
        """Add to it."""
        file = self._file
        with _lock:
            file.doubles[file.places[self._key]] += amount

    def get(self) -> float:
        """How much it is."""
        file = self._file
        found: float = file.doubles[file.places[self._key]]
        return found


def install() -> None:
    """Have prometheus_client use it; to be called before anything is counted."""
    if hasattr(os, "memfd_create"):  # else this is not Linux, and nobody deploys here
        values.MmapedDict = MetricsFile  # type: ignore[attr-defined]
        values.ValueClass = Value


def _begin(path: Path) -> bool:
    try:
        with path.open("ab") as file:
            if _take(file.fileno(), _FIRST):
                return True
        path.unlink()  # empty, it could not be read
    except OSError:
        pass
    return False


def _take(file: int, size: int) -> bool:
    try:
        os.posix_fallocate(file, 0, size)
    except OSError:
        return False
    return True


def _memory(instead: str) -> BinaryIO:
    _log.error("%s has no room: this process counts on by itself", instead)
    return os.fdopen(os.memfd_create("barchasb-metrics"), "r+b")
