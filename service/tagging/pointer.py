"""The pointer to the live version, and which versions it named before.

models/live        the version that is served
models/promoted    the versions that it named, a line each, the latest last
"""

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from service.tagging.model_file import ModelFileError

_POINTER = "live"
_HISTORY = "promoted"
_REMEMBERED = 100  # promotions; nobody rolls back farther

type FileStamp = tuple[int, int] | None


class Pointer:
    """Names one version of a folder; moved whole or not at all."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def version(self) -> str | None:
        """The version that is named, None where there is no pointer."""
        try:
            return (self.root / _POINTER).read_text("utf-8", "replace").strip()
        except FileNotFoundError:
            return None

    def stamp(self) -> FileStamp:
        """What differs once the pointer has been written again."""
        return stamp(self.root / _POINTER)

    def promoted(self) -> list[str]:
        """The version that is named and those that were before, the latest first."""
        try:
            past = (self.root / _HISTORY).read_text("utf-8", "replace").split()[::-1]
        except FileNotFoundError:
            past = []
        version = self.version()
        if version in past:
            # A crash may have left what is later than the pointer: it never was, or
            # was rolled back.
            return past[past.index(version) :]
        return past if version is None else [version, *past]

    def move(self, version: str) -> None:
        """Name another version; the present one becomes the one before.

        Raises:
            ModelFileError: It cannot be written; it names what it named.
        """
        past = self.promoted()
        if past[:1] != [version]:
            past.insert(0, version)
        self._write(_HISTORY, past[:_REMEMBERED][::-1])
        self._write(_POINTER, [version])

    def move_back(self, version: str) -> None:
        """Name a version that was named before, and forget the later ones.

        Raises:
            ModelFileError: It cannot be written; it names what it named.
        """
        past = self.promoted()
        # The later ones go last: until the pointer is moved they are the way back.
        self._write(_HISTORY, past[::-1])
        self._write(_POINTER, [version])
        with contextlib.suppress(ModelFileError):  # where they stay, they are passed by
            self._write(_HISTORY, past[past.index(version) :][::-1])

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Keep other commands from moving it meanwhile.

        Raises:
            ModelFileError: There is no such folder.
        """
        try:
            folder = os.open(self.root, os.O_RDONLY)
        except FileNotFoundError as error:
            raise ModelFileError(
                f"{self.root} does not exist; run `make train`"
            ) from error
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)

    def clear(self) -> None:
        """Remove what commands that were killed left; to be `held`, as they were."""
        for name in (_POINTER, _HISTORY):
            for left in self.root.glob(f".{name}-*"):
                left.unlink()

    def _write(self, name: str, lines: list[str]) -> None:
        beside = self.root / f".{name}-{os.getpid()}"
        try:
            with beside.open("w", encoding="utf-8") as file:
                file.writelines(f"{line}\n" for line in lines)
                file.flush()
                os.fchmod(file.fileno(), 0o644)  # the service may be another user's
                os.fsync(file.fileno())
            beside.replace(self.root / name)
        except OSError as error:
            raise cannot_write(self.root / name, error) from error
        finally:
            with contextlib.suppress(OSError):  # it was never there
                beside.unlink()


def cannot_write(path: Path, error: OSError) -> ModelFileError:
    """What to say where a disk is full, or takes nothing from this user."""
    return ModelFileError(
        f"{path} cannot be written ({error.strerror or error}) and is as it was; make "
        "room on its disk, or run this where and as who may write there"
    )


def stamp(path: Path) -> FileStamp:
    """What differs once a file has been replaced, or written or permitted anew."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # a damaged pointer may name anything
        return None
    return found.st_ino, found.st_ctime_ns
