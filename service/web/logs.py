"""The log: a line for each request and each event, as JSON or for people.

Nothing that a caller wrote is in it. An exception is told by its type and place alone:
its message may quote an article.
"""

import logging
import sys
from datetime import UTC, datetime
from typing import Any

import msgspec
from gunicorn.glogging import Logger  # type: ignore[import-untyped]

from service.web.errors import place
from service.web.settings import Settings

_encode = msgspec.json.Encoder(enc_hook=str).encode


def configure(settings: Settings) -> None:
    """Have this process, and those forked from it, log to standard output."""
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(_FORMATTERS[settings.log_format]())
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


def _fields(record: logging.LogRecord) -> dict[str, Any]:
    """What is said of an event, in the order in which it is written."""
    found: dict[str, Any] = {
        "time": datetime.fromtimestamp(record.created, UTC).isoformat(
            timespec="milliseconds"
        ),
        "level": record.levelname.lower(),
        "logger": record.name,
        "process": record.process,
        "event": record.getMessage(),
        **getattr(record, "fields", {}),
    }
    error = record.exc_info and record.exc_info[1]
    if error:
        found["error"] = type(error).__name__
        found["place"] = place(error)
    return found


class _JsonLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        return _encode(_fields(record)).decode()


class _TextLines(logging.Formatter):
    def format(self, record: logging.LogRecord) -> str:
        fields = _fields(record)
        told = [fields.pop("time"), fields.pop("level").upper()]
        # Lines within a message would look like messages of their own.
        told.append(" ".join(fields.pop("event").splitlines()))
        told += [
            f"{name}={_encode(value).decode()}"
            for name, value in fields.items()
            if value is not None
        ]
        return " ".join(told)


_FORMATTERS = {"json": _JsonLines, "text": _TextLines}
