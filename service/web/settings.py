"""What an operator can set, read from environment variables, here and nowhere else."""

import ipaddress
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Self

_LOG_LEVELS = ("debug", "info", "warning", "error", "critical")
_LOG_FORMATS = ("json", "text")
_ORIGIN = re.compile(r"https?://(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::[0-9]{1,5})?")
_RATE = re.compile(r"[1-9][0-9]{0,8}/(second|minute|hour|day)")

type Network = IPv4Network | IPv6Network


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
        max_body_bytes: The largest request body that is read; a larger one is 413. Of a
            stream, the longest line.
        max_batch_bytes: The largest body of a batch, unpacked too.
        max_batch_articles: The most articles of a batch.
        cors_origins: Whose pages may call the API from a browser: origins, separated by
            commas, "*" for all, "none" for none but the service's own.
        keys: The file of API keys, written by `barchasb key`.
        anonymous: What a caller without a key may do although there are keys, or
            although others than this machine can call: "tag", or "none" for nothing.
        rate: How many requests a key, or an address without one, may send in which
            time; "off" for as many as it likes, "auto" for that where only this
            machine can call, and 100/second elsewhere.
        trusted_proxies: Networks whose X-Forwarded-For is believed, separated by
            commas; "none" for none.
        queue_ms: How long a request may wait for its turn before it is answered 503.
        read_seconds: How long a client may keep the service waiting for a request.
        log_level: The least serious messages that are logged.
        log_format: JSON lines for a machine to read, or text for people.
    """

    models: Path = Path("models")
    host: str = "127.0.0.1"
    port: int = 8000
    workers: int = 2
    max_body_bytes: int = 2 * 1024 * 1024
    max_batch_bytes: int = 16 * 1024 * 1024
    max_batch_articles: int = 1000
    cors_origins: str = "none"
    keys: Path = Path("keys.json")
    anonymous: str = "none"
    rate: str = "auto"
    trusted_proxies: str = "none"
    queue_ms: int = 250
    read_seconds: int = 10
    log_level: str = "info"
    log_format: str = "json"

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
            max_batch_bytes=found.number(
                "BARCHASB_MAX_BATCH_BYTES", cls.max_batch_bytes, 1024, 2**30
            ),
            max_batch_articles=found.number(
                "BARCHASB_MAX_BATCH_ARTICLES", cls.max_batch_articles, 1, 1_000_000
            ),
            cors_origins=found.origins("BARCHASB_CORS_ORIGINS", cls.cors_origins),
            keys=Path(found.text("BARCHASB_KEYS", str(cls.keys))),
            anonymous=found.choice(
                "BARCHASB_ANONYMOUS", cls.anonymous, ("none", "tag")
            ),
            rate=found.rate("BARCHASB_RATE", cls.rate),
            trusted_proxies=found.networks(
                "BARCHASB_TRUSTED_PROXIES", cls.trusted_proxies
            ),
            queue_ms=found.number("BARCHASB_QUEUE_MS", cls.queue_ms, 1, 60_000),
            read_seconds=found.number(
                "BARCHASB_READ_SECONDS", cls.read_seconds, 1, 3600
            ),
            log_level=found.choice("BARCHASB_LOG_LEVEL", cls.log_level, _LOG_LEVELS),
            log_format=found.choice(
                "BARCHASB_LOG_FORMAT", cls.log_format, _LOG_FORMATS
            ),
        )


def networks(value: str) -> tuple[Network, ...]:
    """The networks that a setting names.

    Raises:
        ValueError: One of them is none.
    """
    if value == "none":
        return ()
    return tuple(ipaddress.ip_network(one) for one in value.split(","))


def is_private(settings: Settings, hosts: Iterable[str]) -> bool:
    """Whether only this machine can call the service that listens on hosts.

    A proxy that is named speaks for others, also where it runs on this machine.
    """
    return settings.trusted_proxies == "none" and all(map(is_loopback, hosts))


def is_loopback(host: str) -> bool:
    """Whether only this machine can call the service that listens on a host."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


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

    def origins(self, name: str, default: str) -> str:
        value = self.text(name, default).lower().replace(" ", "")
        if value in {"none", "*"} or all(map(_ORIGIN.fullmatch, value.split(","))):
            return value
        raise SettingsError(
            f"{name} is {value!r}; set it to origins such as https://desk.example, "
            "separated by commas, to *, or unset it"
        )

    def rate(self, name: str, default: str) -> str:
        value = self.text(name, default).lower().replace(" ", "")
        if value in {"auto", "off"} or _RATE.fullmatch(value):
            return value
        raise SettingsError(
            f"{name} is {value!r}; set it to a number of requests a second, minute, "
            "hour or day, such as 100/second, to off, or unset it"
        )

    def networks(self, name: str, default: str) -> str:
        value = self.text(name, default).lower().replace(" ", "")
        try:
            networks(value)
        except ValueError as error:
            raise SettingsError(
                f"{name} is {value!r}; set it to addresses or networks such as "
                "10.0.0.0/8, separated by commas, or unset it"
            ) from error
        return value

    def choice(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.text(name, default).lower()
        if value not in choices:
            raise SettingsError(
                f"{name} is {value!r}; "
                f"set it to one of {', '.join(choices)}, or unset it"
            )
        return value
