"""What memory a process has, as Linux tells."""

import contextlib
import ctypes
import re
from collections.abc import Callable
from pathlib import Path

_PROCESSES = Path("/proc")
_RESET_PEAK = "5"


def tree(pid: int) -> list[int]:
    """A process and all it has started, those that have ended left out."""
    found = [pid]
    for one in found:
        for tasks in (_PROCESSES / f"{one}/task").glob("*/children"):
            with contextlib.suppress(OSError):
                found.extend(map(int, tasks.read_text().split()))
    return found


def peak(pid: int) -> int:
    """The most that a process has had in memory, in bytes; 0 where it has ended.

    Not `getrusage`'s: that one begins with what the parent had when it started it.
    """
    with contextlib.suppress(OSError):
        return _kilobytes(_PROCESSES / f"{pid}/status", "VmHWM") * 1024
    return 0


def resident(pid: int) -> int:
    """Bytes of a process that are in memory now; 0 where it has ended."""
    with contextlib.suppress(OSError):
        return _kilobytes(_PROCESSES / f"{pid}/status", "VmRSS") * 1024
    return 0


def proportional(pid: int) -> int:
    """Bytes of a process; a page that n processes share counts an nth (PSS)."""
    return _kilobytes(_PROCESSES / f"{pid}/smaps_rollup", "Pss") * 1024


def together(pid: int) -> int:
    """Bytes of a process and all it has started; what they share counts once."""
    found = 0
    for one in tree(pid):
        with contextlib.suppress(OSError):  # it has ended
            found += proportional(one)
    return found


def growth(call: Callable[[], object]) -> int:
    """By how many bytes this process is larger while a call runs, at most."""
    # What was freed but is still ours would be taken again without growth.
    ctypes.CDLL(None).malloc_trim(0)
    (_PROCESSES / "self/clear_refs").write_text(_RESET_PEAK)
    before = _kilobytes(_PROCESSES / "self/status", "VmRSS")
    call()
    return (_kilobytes(_PROCESSES / "self/status", "VmHWM") - before) * 1024


def _kilobytes(path: Path, name: str) -> int:
    found = re.search(rf"^{name}:\s*(\d+) kB", path.read_text(), re.M)
    return int(found[1]) if found else 0
