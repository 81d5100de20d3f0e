"""What an operator can set, read from environment variables, here and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Self

_LOG_LEVELS = ("debug", "info", "warning", "error", "critical")


class SettingsError(ValueError):
    """A variable that cannot be used; the message names it and the cure."""


@dataclass(frozen=True)
class Settings:
    """The service's settings; each is the variable `BARCHASB_` and its name.

    Attributes:
        models: The folder of model versions, written by `make train`.
        host: The address to listen on.
        port: The TCP port to listen on.
        workers: Processes that answer requests.
        max_body_bytes: The largest request body that is read; a larger one is 413.
        log_level: The least serious messages that are logged.
    """

    models: Path = Path("models")
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    max_body_bytes: int = 2 * 1024 * 1024
    log_level: str = "info"

    @classmethod
    def from_environment(cls, environ: Mapping[str, str] | None = None) -> Self:
        """Read the variables; one that is unset or blank keeps its default.

        Args:
            environ: Variables by name, the process environment if not given.

        Raises:
            SettingsError: A variable has a value that cannot be used.
        """
        found = _Variables(os.environ if environ is None else environ)
        return cls(
            models=Path(found.text("BARCHASB_MODELS", str(cls.models))),
            host=found.text("BARCHASB_HOST", cls.host),
            port=found.number("BARCHASB_PORT", cls.port, 1, 65_535),
            workers=found.number("BARCHASB_WORKERS", cls.workers, 1, 256),
            max_body_bytes=found.number(
                "BARCHASB_MAX_BODY_BYTES", cls.max_body_bytes, 1024, 2**30
            ),
            log_level=found.choice("BARCHASB_LOG_LEVEL", cls.log_level, _LOG_LEVELS),
        )


@dataclass(frozen=True, slots=True)
class _Variables:
    environ: Mapping[str, str]

    def text(self, name: str, default: str) -> str:
        return self.environ.get(name, "").strip() or default

    def number(self, name: str, default: int, least: int, most: int) -> int:
        value = self.text(name, str(default))
        # int() would also take signs, underscores and other scripts' digits.
        plain = value.isascii() and value.isdigit() and len(value) <= len(str(most))
        if not plain or not least <= int(value) <= most:
            raise SettingsError(
                f"{name} is {value!r}; "
                f"set it to a whole number from {least} to {most}, or unset it"
            )
        return int(value)

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default).lower()
        if value not in choices:
            raise SettingsError(
                f"{name} is {value!r}; "
                f"set it to one of {', '.join(choices)}, or unset it"
            )
        return value
