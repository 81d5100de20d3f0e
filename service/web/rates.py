"""How often a caller may ask, counted over all workers of this host.

The counters lie in memory that the master shares with the workers it forks: no other
server to run, nothing on disk, a few microseconds a request. A file lock guards them,
because the kernel takes it back from a worker that is killed; a semaphore would stay
taken for ever.
"""

import fcntl
import hashlib
import math
import mmap
import os
import secrets
import struct
import tempfile
import threading
import time
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import limits
from limits.storage import Storage
from limits.strategies import FixedWindowRateLimiter

_SLOTS = 1 << 16
_TRIED = 8  # slots that a caller's counter may lie in
_SLOT = struct.Struct("=QQd")  # the caller's digest, its count, the window's end


@dataclass(frozen=True)
class Standing:
    """Where a caller stands after a request.

    Attributes:
        allowed: Whether the request was within the limit.
        quota: Requests allowed in a window.
        window: The window's length in seconds.
        left: Requests still allowed in this one.
        seconds: Whole seconds until it ends, at least one.
    """

    allowed: bool
    quota: int
    window: int
    left: int
    seconds: int


class Rates:
    """A limit for every caller by itself; to be made before workers are forked."""

    def __init__(self, rate: str) -> None:
        self._limit = limits.parse(rate)
        self._counters = SharedCounters()
        self._limiter = FixedWindowRateLimiter(self._counters)

    def count(self, caller: str) -> Standing:
        """Count a request of a caller."""
        allowed = self._limiter.hit(self._limit, caller)
        stats = self._limiter.get_window_stats(self._limit, caller)
        return Standing(
            allowed,
            self._limit.amount,
            self._limit.get_expiry(),
            stats.remaining,
            max(1, math.ceil(stats.reset_time - time.monotonic())),
        )


class SharedCounters(Storage):
    """Counters in shared memory, for `limits`.

    They go by the monotonic clock, which is the same in every process and which no
    one sets. Where all slots for a caller are taken, the one whose window ends first
    is used again: under a flood of addresses some are counted from nought once more.
    """

    def __init__(self) -> None:
        super().__init__()
        self._table = mmap.mmap(-1, _SLOTS * _SLOT.size)
        with tempfile.TemporaryFile() as file:
            self._file = os.dup(file.fileno())
        weakref.finalize(self, os.close, self._file)
        self._threads = threading.Lock()  # a file lock is a whole process's
        # So that nobody can choose an address whose slots are another's.
        self._salt = secrets.token_bytes(16)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What a broken store raises."""
        return OSError

    def incr(self, key: str, expiry: float, amount: int = 1) -> int:
        """Count, and return how many there are in this window."""
        digest = self._digest(key)
        with self._locked():
            now = time.monotonic()
            place, count, end = self._find(digest)
            if end <= now:
                count, end = 0, now + expiry
            count += amount
            _SLOT.pack_into(self._table, place, digest, count, end)
        return count

    def get(self, key: str) -> int:
        """How many there are in this window."""
        with self._locked():
            _, count, end = self._find(self._digest(key))
        return count if end > time.monotonic() else 0

    def get_expiry(self, key: str) -> float:
        """When this window ends (`time.monotonic`)."""
        with self._locked():
            return self._find(self._digest(key))[2]

    def clear(self, key: str) -> None:
        """Count a caller from nought."""
        with self._locked():
            place, _, _ = self._find(self._digest(key))
            _SLOT.pack_into(self._table, place, 0, 0, 0.0)

    def reset(self) -> int | None:
        """Count every caller from nought."""
        with self._locked():
            self._table[:] = bytes(len(self._table))
        return None

    def check(self) -> bool:
        """Whether it can be used."""
        return True

    def _digest(self, key: str) -> int:
        found = hashlib.blake2b(key.encode(), digest_size=8, key=self._salt).digest()
        return int.from_bytes(found) or 1  # nought is an empty slot's

    def _find(self, digest: int) -> tuple[int, int, float]:
        """A caller's slot, or the one that it is to have, with its count and end."""
        best, soonest = 0, math.inf
        for step in range(_TRIED):
            place = (digest + step) % _SLOTS * _SLOT.size
            owner, count, end = _SLOT.unpack_from(self._table, place)
            if owner == digest:
                return place, count, end
            if end < soonest:
                best, soonest = place, end
        return best, 0, 0.0

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with self._threads:
            fcntl.lockf(self._file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.lockf(self._file, fcntl.LOCK_UN)
