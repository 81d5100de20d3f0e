"""Lines of requests that wait to be answered, and threads that answer them."""

import logging
import threading
from collections import deque
from collections.abc import Callable

_log = logging.getLogger(__name__)


class Line[Request]:
    """Requests in the order in which they came; for the use of one thread."""

    def __init__(self) -> None:
        self._waiting: deque[tuple[float, Request]] = deque()

    def __bool__(self) -> bool:
        """Whether any request waits."""
        return bool(self._waiting)

    def add(self, request: Request, since: float) -> None:
        """Put a request at the end; it has waited since then already."""
        self._waiting.append((since, request))

    def next(self) -> Request:
        """Take out the first one."""
        return self._waiting.popleft()[1]

    def oldest(self) -> float | None:
        """Since when the first one has waited (`time.monotonic`)."""
        try:
            return self._waiting[0][0]
        except IndexError:
            return None

    def take_out(self, before: float) -> list[Request]:
        """Take out the requests that have waited since before then."""
        found = []
        while self._waiting and self._waiting[0][0] < before:
            found.append(self.next())
        return found


class Crew[Request]:
    """A few threads that answer requests in the order in which they came.

    A request that has waited too long can be taken out of the line again, whatever the
    threads are doing.
    """

    def __init__(self, size: int, answer: Callable[[Request], None]) -> None:
        self._answer = answer
        self._line: Line[Request] = Line()
        self._come = threading.Condition()
        for _ in range(size):
            threading.Thread(target=self._work, daemon=True).start()

    def add(self, request: Request, since: float) -> None:
        """Put a request at the end of the line; it has waited since then already."""
        with self._come:
            self._line.add(request, since)
            self._come.notify()

    def oldest(self) -> float | None:
        """Since when the first in the line has waited (`time.monotonic`)."""
        return self._line.oldest()

    def take_out(self, before: float) -> list[Request]:
        """Take out the requests that have waited since before then."""
        with self._come:
            return self._line.take_out(before)

    def shutdown(self, wait: bool = False) -> None:
        """Nothing: the threads end with the process. gunicorn calls it."""

    def _work(self) -> None:
        while True:
            with self._come:
                while not self._line:
                    self._come.wait()
                request = self._line.next()
            try:
                self._answer(request)
            except Exception:  # noqa: BLE001 - the thread is needed for others
                _log.exception("a thread goes on after an error")
