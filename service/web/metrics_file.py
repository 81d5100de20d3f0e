"""Where a process counts for Prometheus: in files, their room taken beforehand.

prometheus_client maps a file into memory and writes as it counts. A page for which
the disk then has no room ends the process (SIGBUS), and so every one that takes its
place. Here room is taken before it is used. Where there is none, a process counts in
memory of its own: its counts are missing from the sum, and it answers.

Each time it counts, the library also asks which process it is in, and packs bytes. An
article is counted in a dozen values, which took longer than all else around the
tagging; so here what is counted is a number in memory.
"""

import ctypes
import logging
import mmap
import os
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO

from prometheus_client import mmap_dict, values

from service.web import metrics_folder

FOLDER = metrics_folder.path()
"""Where the files are, None where every process counts for itself."""

_FIRST = 1 << 16  # bytes, as the library would begin with
_ENTRY = 4096  # bytes; no name with its labels is as long

_log = logging.getLogger(__name__)


class MetricsFile(mmap_dict.MmapedDict):
    """What a process has counted, of one type of metric."""

    def __init__(self, filename: str) -> None:
        self._held: dict[str, Value] = {}
        self._is_on_disk = _begin(Path(filename))
        if self._is_on_disk:
            super().__init__(filename)  # type: ignore[no-untyped-call]
        else:
            with _memory(filename) as memory:
                path = f"/proc/self/fd/{memory.fileno()}"
                super().__init__(path)  # type: ignore[no-untyped-call]

    def hold(self, key: str, value: "Value") -> None:
        """Give a value its place, begun with 0 if there is none."""
        self.read_value(key)  # type: ignore[no-untyped-call]
        self._held[key] = value
        value.cell = self._cell_of(key)

    def _cell_of(self, key: str) -> ctypes.c_double:
        return ctypes.c_double.from_buffer(self._m, self._positions[key])

    def _init_value(self, key: str) -> None:
        """Begin to count something more."""
        if (
            self._is_on_disk
            and self._used + _ENTRY > self._capacity
            and not _take(self._f.fileno(), 2 * self._capacity)
        ):
            self._leave()
        super()._init_value(key)  # type: ignore[no-untyped-call]

    def _leave(self) -> None:
        """Go on in memory; what is counted so far stays in the sum."""
        memory = _memory(self._fname)
        memory.write(self._m)
        memory.flush()
        self._f.close()
        self._f = memory
        self._m = mmap.mmap(memory.fileno(), self._capacity)
        self._is_on_disk = False
        for key, value in self._held.items():  # a histogram's parts stay together
            value.cell = self._cell_of(key)


counting = threading.Lock()
"""Held while numbers are added to."""

_opening = threading.Lock()
_files: dict[str, MetricsFile] = {}  # this process's
_values: list["Value"] = []  # that lie in them


class Value:
    """A number that is counted; stands for prometheus_client's own.

    Attributes:
        cell: The number, to be added to while `counting` is held.
    """

    cell: ctypes.c_double

    def __init__(  # noqa: PLR0913, PLR0917 - the library calls it
        self,
        typ: str,
        metric_name: str,
        name: str,
        labelnames: Sequence[str],
        labelvalues: Sequence[str],
        help_text: str,
        multiprocess_mode: str = "",
        **_: object,
    ) -> None:
        if FOLDER is None:
            self.cell = ctypes.c_double()
            return
        self._type = f"{typ}_{multiprocess_mode}" if multiprocess_mode else typ
        self._key = mmap_dict.mmap_key(
            metric_name, name, [*labelnames], [*labelvalues], help_text
        )
        self.open()
        _values.append(self)

    def open(self) -> None:
        """Find its place in this process's file."""
        # As the library looks for it.
        path = f"{FOLDER}/{self._type}_{os.getpid()}.db"
        with _opening:
            if path not in _files:
                _files[path] = MetricsFile(path)
            _files[path].hold(self._key, self)

    def inc(self, amount: float) -> None:
        """Add to it."""
        with counting:
            self.cell.value += amount

    def set(self, value: float, timestamp: float | None = None) -> None:  # noqa: ARG002
        """Have it be so much."""
        with counting:
            self.cell.value = value

    def get(self) -> float:
        """How much it is."""
        return self.cell.value

    def get_exemplar(self) -> None:
        """None: we give no examples of what is counted."""


values.ValueClass = Value  # so it is for whatever is counted from now on


def _open_anew() -> None:
    """Count in files of its own, in a process that has just been forked."""
    _files.clear()
    for value in _values:  # never again in the file of the process it came from
        value.cell = ctypes.c_double()
    for value in _values:
        value.open()


os.register_at_fork(after_in_child=_open_anew)


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
