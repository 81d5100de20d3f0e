"""Threads, and the line of requests that wait for one of them."""

import logging
import threading
from collections import deque
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Crew[Request]:
    """A few threads that answer requests in the order in which they came.

    A request that has waited too long can be taken out of the line again, whatever the
    threads are doing.
    """

    def __init__(self, size: int, answer: Callable[[Request], None]) -> None:
        self._answer = answer
        self._line: deque[tuple[float, Request]] = deque()
        self._come = threading.Condition()
        for _ in range(size):
            threading.Thread(target=self._work, daemon=True).start()

    def add(self, request: Request, since: float) -> None:
        """Put a request at the end of the line; it has waited since then already."""
        with self._come:
            self._line.append((since, request))
            self._come.notify()

    def oldest(self) -> float | None:
        """Since when the first in the line has waited (`time.monotonic`)."""
        try:
            return self._line[0][0]
        except IndexError:
            return None

    def take_out(self, before: float) -> list[Request]:
        """Take out the requests that have waited since before then."""
        found = []
        with self._come:
            while self._line and self._line[0][0] < before:
                found.append(self._line.popleft()[1])
        return found

    def shutdown(self, wait: bool = False) -> None:
        """Nothing: the threads end with the process. gunicorn calls it."""

    def _work(self) -> None:
        while True:
            with self._come:
                while not self._line:
                    self._come.wait()
                _, request = self._line.popleft()
            try:
                self._answer(request)
            except Exception:  # noqa: BLE001 - the thread is needed for others
                _log.exception("a thread goes on after an error")
