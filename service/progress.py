"""A progress bar in the terminal: how far, how fast, how much longer."""

import contextlib
import os
import shutil
import sys
import time

from service.terminal import complain

_SECONDS_BETWEEN = 0.1  # two drawings
_CELLS = 20
_CLEAR_LINE = "\r\x1b[K"


class Progress:
    """A bar on standard error; nothing at all where that is no terminal."""

    def __init__(
        self, total: int | None, *, wanted: bool = True, of: str = "lines"
    ) -> None:
        """Start the clock.

        Args:
            total: Bytes there are to read, None where nobody knows.
            wanted: False to draw nothing even in a terminal.
            of: What to call what is counted.
        """
        self._total = total
        self._of = of
        self._drawing = wanted and sys.stderr.isatty()
        self._lines = self._bytes = 0
        self._started = self._drawn = time.monotonic()

    def add(self, lines: int, read: int) -> None:
        """Count lines that were answered, and bytes that were read meanwhile."""
        self._lines += lines
        self._bytes += read
        now = time.monotonic()
        if self._drawing and now - self._drawn >= _SECONDS_BETWEEN:
            self._drawn = now
            self._draw()

    def skip(self, read: int) -> None:
        """Take bytes off the total that need not be read."""
        if self._total is not None:
            self._total -= read

    def complain(self, problem: str) -> int:
        """Tell a problem in the bar's place; returns the exit code as `complain`."""
        if self._drawing:
            sys.stderr.write(_CLEAR_LINE)
        return complain(problem)

    def close(self) -> None:
        """Leave the bar there as it is at last."""
        if self._drawing:
            self._draw()
            sys.stderr.write("\n")

    def _draw(self) -> None:
        # A line that is wrapped could not be cleared.
        sys.stderr.write(_CLEAR_LINE + self._described()[: _columns() - 1])
        sys.stderr.flush()

    def _described(self) -> str:
        seconds = max(time.monotonic() - self._started, 1e-3)
        rate = f"{self._lines:,} {self._of}, {self._lines / seconds:,.0f}/s"
        if not self._total or not self._bytes:
            return f"{rate}, {_clock(seconds)}"
        share = min(1.0, self._bytes / self._total)
        bar = "#" * int(share * _CELLS)
        left = _clock(seconds * (1 - share) / share)
        return f"[{bar:-<{_CELLS}}] {share:4.0%}  {rate}, {left} left"


def _columns() -> int:
    """The width of standard error's terminal; standard output may be a file."""
    with contextlib.suppress(OSError):
        if columns := os.get_terminal_size(sys.stderr.fileno()).columns:
            return columns
    return shutil.get_terminal_size().columns


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}"
