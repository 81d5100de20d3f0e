"""The log: a line for each request and each event, as JSON or for people.

Nothing that a caller wrote is in it. An exception is told by its type and place alone:
its message may quote an article.
"""

import logging
import os
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import msgspec
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from service.web.errors import place
from service.web.settings import Settings

type _Fields = dict[str, Any]
"""What is said of an event, in the order in which it is written."""

_encode = msgspec.json.Encoder(enc_hook=str).encode


def configure(settings: Settings) -> None:
    """Have this process, and those forked from it, log to standard output."""
    handler = _Output(_LINES[settings.log_format])
    level = settings.log_level.upper()
    logging.basicConfig(level=level, handlers=[handler], force=True)
    # A log that cannot be written is no reason to write elsewhere, nor to stop.
    logging.raiseExceptions = False
    # Nor is it told who logs, in which thread: logging need not look (its manual's
    # "Optimization" names these).
    logging._srcfile = ""
    logging.logThreads = logging.logMultiprocessing = False


class ServerLogger(Logger):  # type: ignore[misc]  # gunicorn has no types
    """gunicorn's logger, whose messages go where all others go."""

    def setup(self, cfg: object) -> None:
        """Configure the log of the whole service, and leave the writing to it."""
        super().setup(cfg)
        configure(Settings.from_environment())
        self.error_log.handlers.clear()
        self.error_log.propagate = True


def tell(logger: logging.Logger, level: int, event: str, fields: _Fields) -> None:
    """Log an event that every request has; it costs half of what logging does.

    There is no record of it, and only the output that `configure` has made is told.

    Args:
        logger: Whose event it is.
        level: One of logging's own.
        event: What has happened.
        fields: What else is told of it.
    """
    head = _head(
        time.time(), logging.getLevelName(level), logger.name, os.getpid(), event
    )
    for output in logging.root.handlers:
        if isinstance(output, _Output):
            output.tell(head | fields)


class _Output(logging.StreamHandler[Any]):
    """Standard output as it is now."""

    def __init__(self, line: Callable[[_Fields], str]) -> None:
        super().__init__(sys.stdout)
        self._line = line

    def format(self, record: logging.LogRecord) -> str:
        fields = _head(
            record.created,
            record.levelname,
            record.name,
            record.process,
            record.getMessage(),
        )
        error = record.exc_info and record.exc_info[1]
        if error:
            fields |= {"error": type(error).__name__, "place": place(error)}
        return self._line(fields)

    def tell(self, fields: _Fields) -> None:
        """Write what is no record."""
        line = self._line(fields) + self.terminator
        self.acquire()
        try:
            self.stream.write(line)
            self.stream.flush()
        except (OSError, ValueError):  # full, gone or closed
            pass
        finally:
            self.release()


def _head(
    seconds: float, level: str, logger: str, process: int | None, event: str
) -> _Fields:
    """What is said of every event."""
    written = datetime.fromtimestamp(seconds, UTC)
    return {
        "time": written.isoformat(timespec="milliseconds"),
        "level": level.lower(),
        "logger": logger,
        "process": process,
        "event": event,
    }


def _json(fields: _Fields) -> str:
    return _encode(fields).decode()


def _text(fields: _Fields) -> str:
    told = [fields.pop("time"), fields.pop("level").upper()]
    # Lines within a message would look like messages of their own.
    told.append(" ".join(fields.pop("event").splitlines()))
    told += [
        f"{name}={_encode(value).decode()}"
        for name, value in fields.items()
        if value is not None
    ]
    return " ".join(told)


_LINES = {"json": _json, "text": _text}
