"""API keys: shown once when they are made, kept as digests, revoked while in use.

A key is 256 random bits, so its plain SHA-256 is as safe to keep as a slow salted hash
would be of a password: there is no list of likely keys to try, and trying all of them
is out of reach. A slow hash would only make every request slow.
"""

import contextlib
import fcntl
import hashlib
import hmac
import logging
import os
import re
import secrets
import tempfile
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from service.web.settings import Settings, SettingsError, is_loopback, is_private

type Scope = Literal["tag", "desk", "admin"]
SCOPES: tuple[Scope, ...] = ("tag", "desk", "admin")

# It tells people, and programs that look for leaked secrets, what they have found.
_PREFIX = "barchasb_"
_KEY_BYTES = 32
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_EVERY_SECONDS = 1.0

_log = logging.getLogger(__name__)


class KeysError(ValueError):
    """Keys that cannot be read, made or revoked; the message says what to do."""


class Key(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is kept of a key.

    Attributes:
        name: Whose it is; of the keys that are not revoked, no two have the same.
        scopes: What it opens: "tag", "desk", "admin".
        sha256: The digest of what its owner shows, in hexadecimal.
        made: When (UTC).
        revoked: When, if it is.
    """

    name: str
    scopes: tuple[Scope, ...]
    sha256: str
    made: datetime
    revoked: datetime | None = None


class KeyFile:
    """The keys on disk, written whole beside the file and renamed over it."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> tuple[Key, ...]:
        """All keys ever made, none where there is no file.

        Raises:
            KeysError: The file cannot be read.
        """
        try:
            return msgspec.json.decode(self._path.read_bytes(), type=tuple[Key, ...])
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise KeysError(
                f"{self._path} cannot be read ({error.strerror}); let the service's "
                "user read it, or name another file in BARCHASB_KEYS"
            ) from error
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise KeysError(
                f"{self._path} is not a file of keys; restore it, or remove it and "
                "make new keys with `barchasb key make`"
            ) from error

    def stamp(self) -> tuple[int, int] | None:
        """What changes when the file does, or who may read it."""
        try:
            found = self._path.stat()
        except OSError:
            return None
        return found.st_ctime_ns, found.st_ino

    def make(self, name: str, scopes: tuple[Scope, ...]) -> str:
        """Add a key; returns what its owner has to show, which is kept nowhere.

        Raises:
            KeysError: The name cannot be used, or the file cannot be read or written.
        """
        if not _NAME.fullmatch(name):
            raise KeysError(
                f"{name!r} is no name for a key; use up to 64 letters a to z, digits, "
                "dots, hyphens and underscores"
            )
        shown = _PREFIX + secrets.token_urlsafe(_KEY_BYTES)
        with self._locked():
            keys = self.read()
            if any(key.name == name and not key.revoked for key in keys):
                raise KeysError(f"there is a key {name!r}; revoke it or use another")
            made = Key(name=name, scopes=scopes, sha256=_digest(shown), made=_now())
            self._write((*keys, made))
        return shown

    def revoke(self, name: str) -> None:
        """Have a key open nothing from now on.

        Raises:
            KeysError: There is no such key, or the file cannot be read or written.
        """
        with self._locked():
            keys = self.read()
            if not any(key.name == name and not key.revoked for key in keys):
                raise KeysError(f"there is no key {name!r}; see `barchasb key list`")
            self._write(
                tuple(
                    msgspec.structs.replace(key, revoked=_now())
                    if key.name == name and not key.revoked
                    else key
                    for key in keys
                )
            )

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        """Keep two commands from losing each other's key."""
        try:
            parent = self._path.resolve().parent  # of a link, the file's: see _write
            parent.mkdir(parents=True, exist_ok=True)
            folder = os.open(parent, os.O_RDONLY)
        except OSError as error:
            raise self._unwritten(error) from error
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def _write(self, keys: tuple[Key, ...]) -> None:
        content = msgspec.json.format(msgspec.json.encode(keys), indent=1) + b"\n"
        try:
            path = self._path.resolve()  # a link stays a link
            # mkstemp's files are their owner's alone (0600).
            number, beside = tempfile.mkstemp(dir=path.parent, prefix=".keys-")
            try:
                with os.fdopen(number, "wb") as file:
                    file.write(content)
                    file.flush()
                    _keep_owner(path, number)
                    os.fsync(number)
                Path(beside).replace(path)
            except BaseException:
                Path(beside).unlink()
                raise
        except OSError as error:
            raise self._unwritten(error) from error

    def _unwritten(self, error: OSError) -> KeysError:
        return KeysError(
            f"{self._path} cannot be written ({error.strerror}) and is as it was: no "
            "key is made or revoked; make room on its disk, or run this where and as "
            "who may write there"
        )


def _keep_owner(path: Path, number: int) -> None:
    """Give what root writes for a path to whom that is: the service must read it."""
    if os.geteuid() == 0:
        before = path if path.exists() else path.parent
        owner = before.stat()
        os.fchown(number, owner.st_uid, owner.st_gid)


class KeyRing:
    """The keys that open something now, following their file."""

    def __init__(self, file: KeyFile) -> None:
        self._file = file
        self._stamp = file.stamp()
        self._keys = file.read()
        self._looked = time.monotonic()

    @property
    def is_empty(self) -> bool:
        """Whether no key was ever made; a revoked one is still one."""
        self._look()
        return not self._keys

    def find(self, shown: str) -> Key | None:
        """The key that somebody shows, None if it opens nothing.

        It takes as long whatever is shown and whichever key it is.
        """
        self._look()
        digest = _digest(shown)
        found = None
        for key in self._keys:
            is_it = hmac.compare_digest(key.sha256, digest)
            if is_it and key.revoked is None:
                found = key
        return found

    def _look(self) -> None:
        """Read the file again if it has changed, at most once a second."""
        now = time.monotonic()
        if now - self._looked < _EVERY_SECONDS:
            return
        self._looked = now
        stamp = self._file.stamp()
        if stamp == self._stamp:
            return
        self._stamp = stamp
        try:
            found = self._file.read()
        except KeysError as error:
            _log.error("%s; the keys read before stay in use", error)
            return
        if self._keys and not found:
            # No command takes away the last key. Somebody else did, and without keys
            # the service may be open.
            _log.error("the file of keys is gone; the keys read before stay in use")
            return
        self._keys = found


def require_choice(settings: Settings, hosts: Sequence[str]) -> None:
    """Let nobody beyond this machine in without somebody having said so.

    Args:
        settings: The operator's.
        hosts: What the service listens on.

    Raises:
        SettingsError: It listens beyond this machine, or for a proxy, there is no key,
            and anonymous tagging is not allowed; or the keys cannot be read.
    """
    try:
        keys = KeyFile(settings.keys).read()
    except KeysError as error:
        raise SettingsError(str(error)) from error
    if settings.anonymous == "tag" or any(not key.revoked for key in keys):
        return
    if is_private(settings, hosts):
        return
    others = next(
        (f"listen on {host}" for host in hosts if not is_loopback(host)),
        f"answer those behind BARCHASB_TRUSTED_PROXIES, {settings.trusted_proxies},",
    )
    raise SettingsError(
        f"the service would {others} with no API key in {settings.keys}; make one with "
        "`barchasb key make NAME`, or set BARCHASB_ANONYMOUS to tag to let anyone tag"
    )


def _digest(shown: str) -> str:
    return hashlib.sha256(shown.encode("utf-8", "surrogateescape")).hexdigest()


def _now() -> datetime:
    return datetime.now(UTC).replace(microsecond=0)
