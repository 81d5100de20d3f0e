"""Versions of the model on disk, and the pointer to the live one.

    models/<version>/model.joblib     written once, never changed
    models/<version>/manifest.json    its SHA-256 (the version) and size
    models/<version>/...              what training writes of it, for people
    models/<version>/rolled-back      where it was, until it is promoted again
    models/live, models/promoted      see pointer.py

All are written beside and renamed: a reader never meets half of one.
"""

import contextlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from service.tagging import model_file
from service.tagging.model_file import Model, ModelFileError
from service.tagging.pointer import FileStamp, Pointer, cannot_write, stamp

_FILE = "model.joblib"
_MANIFEST = "manifest.json"
_ROLLED_BACK = "rolled-back"
_UNFINISHED, _REMOVED = ".new-", ".old-"
_ABANDONED = timedelta(hours=1)  # nothing takes as long to write

type Stamp = tuple[str | None, FileStamp, FileStamp]
"""The live version, and what tells whether the pointer or its file were changed."""


class Kept(NamedTuple):
    """A version on disk, as its files tell without being read.

    Attributes:
        version: The version.
        written: When its model file was written.
        size: Bytes of its model file.
    """

    version: str
    written: datetime
    size: int


class ModelStore:
    """A folder of model versions."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._pointer = Pointer(root)

    def add(self, model: Model, beside: Mapping[str, str] = {}) -> str:
        """Write a model as a version of its own, whole or not at all.

        Args:
            model: The model.
            beside: Files to stand beside it, content by name.

        Returns:
            The version; the same model gives the same version and is kept once, with
            what was last to stand beside it, and whole again where it was damaged.

        Raises:
            ModelFileError: The folder cannot be written; nothing of it is there.
        """
        try:
            return self._add(model, beside)
        except OSError as error:
            raise cannot_write(self.root, error) from error

    def _add(self, model: Model, beside: Mapping[str, str]) -> str:
        self.root.mkdir(parents=True, exist_ok=True)
        folder = Path(tempfile.mkdtemp(prefix=_UNFINISHED, dir=self.root))
        try:
            version = model_file.save(model, folder / _FILE)
            size = (folder / _FILE).stat().st_size
            manifest = json.dumps({"version": version, "bytes": size}) + "\n"
            for name, content in {**beside, _MANIFEST: manifest}.items():
                (folder / name).write_text(content, "utf-8")
            # The pointer is on disk at once; what it will name must be there before.
            for path in folder.iterdir():
                with path.open("rb") as file:
                    os.fchmod(file.fileno(), 0o644)
                    os.fsync(file.fileno())
            folder.chmod(0o755)  # the service may be another user's
            with self._pointer.held():  # another may add or prune the same version
                self._place(folder, version, beside)
        finally:
            shutil.rmtree(folder, ignore_errors=True)
        return version

    def _place(self, folder: Path, version: str, beside: Mapping[str, str]) -> None:
        if not (self.root / version).exists():
            folder.rename(self.root / version)
            return
        for name in (*beside, *self._damaged(version)):
            (folder / name).replace(self.root / version / name)

    def _damaged(self, version: str) -> tuple[str, ...]:
        """The files that make a version, where they are no longer what they were."""
        try:
            self.verify(version)
        except ModelFileError:
            return _FILE, _MANIFEST
        return ()

    def versions(self) -> list[str]:
        """The versions in the folder, in alphabetical order."""
        # A name with a dot is a version that `add` had no time to finish.
        return sorted(path.parent.name for path in self.root.glob(f"[!.]*/{_FILE}"))

    def kept(self) -> list[Kept]:
        """The versions in the folder, the newest first."""
        found = []
        for version in self.versions():
            path = self._path(version)
            with contextlib.suppress(FileNotFoundError):  # pruned by now
                found.append(Kept(version, _written(path), path.stat().st_size))
        return sorted(found, key=lambda one: one.written, reverse=True)

    def live_version(self) -> str | None:
        """The version that the pointer names, None where there is no pointer."""
        return self._pointer.version()

    def before(self) -> str | None:
        """The version that was live before, None where none is left."""
        there = {*self.versions()} - {self.live_version()}
        past = self._pointer.promoted()
        return next((version for version in past if version in there), None)

    def stamp(self) -> Stamp:
        """What to compare with an earlier one; it costs one read of a small file."""
        version = self.live_version()
        file = stamp(self._path(version)) if version else None
        return version, self._pointer.stamp(), file

    def load(self, version: str) -> Model:
        """Read a version, after making sure that its bytes are the version's.

        Raises:
            ModelFileError: There is no such version, or it is damaged.
        """
        path = self._path(version)
        if version not in self.versions():
            raise ModelFileError(
                f"{path} does not exist; run `make train`, "
                "or take one of `barchasb model list`"
            )
        try:
            found = model_file.version_of(path)
        except OSError as error:
            raise ModelFileError(f"{path} cannot be read: {error.strerror}") from error
        if found != version:
            raise ModelFileError(
                f"{path} is damaged: its bytes are not those of version {version}; "
                "delete its folder and run `make train`"
            )
        return model_file.load(path)

    def content(self, version: str) -> bytes:
        """The bytes of a version's file, to be taken to where this folder is not."""
        return self._path(version).read_bytes()

    def verify(self, version: str) -> Model:
        """Read a version, and hold its manifest to it.

        Raises:
            ModelFileError: There is no such version, it is damaged, or its manifest is
                not its own.
        """
        model = self.load(version)
        path = self._path(version)
        manifest = path.with_name(_MANIFEST)
        try:
            told = json.loads(manifest.read_bytes())
        except (OSError, ValueError, RecursionError) as error:
            raise ModelFileError(
                f"{manifest} is missing or damaged; "
                f"delete the folder of {version} and run `make train`"
            ) from error
        if told != {"version": version, "bytes": path.stat().st_size}:
            raise ModelFileError(
                f"{manifest} is of another file than {path}; "
                f"delete the folder of {version} and run `make train`"
            )
        return model

    def live(self) -> Model:
        """Read the live version.

        Raises:
            ModelFileError: There is none yet, or it cannot be used.
        """
        version = self.live_version()
        if version is None:
            is_some = bool(self.versions())
            cure = (
                "promote one of `barchasb model list`"
                if is_some
                else "run `make train`"
            )
            raise ModelFileError(f"{self.root} holds no live model; {cure}")
        return self.load(version)

    def promote(self, version: str) -> None:
        """Make a version the live one.

        Raises:
            ModelFileError: The version cannot be used; the pointer stays.
        """
        with self._pointer.held():
            self.load(version)
            self._pointer.move(version)
            with contextlib.suppress(OSError):
                (self.root / version / _ROLLED_BACK).unlink()

    def roll_back(self) -> str:
        """Make the version live that was live before.

        Returns:
            That version; rolling back once more gives the one before it.

        Raises:
            ModelFileError: There is none, or it cannot be used; the pointer stays.
        """
        with self._pointer.held():
            version = self.before()
            if version is None:
                raise ModelFileError(
                    f"{self.root} has no version that was live before; "
                    "promote one of `barchasb model list`"
                )
            self.load(version)
            left = self.live_version()
            self._pointer.move_back(version)
            if left in self.versions():  # a damaged pointer may name anything
                with contextlib.suppress(OSError):
                    (self.root / left / _ROLLED_BACK).touch()
        return version

    def was_rolled_back(self, version: str) -> bool:
        """Whether it was live, and somebody went back to the one before."""
        return (self.root / version / _ROLLED_BACK).exists()

    def prune(
        self,
        keep: int,
        age: timedelta,
        removing: Callable[[str], object] = lambda _: None,
    ) -> None:
        """Remove old versions, but neither the live one nor the one before it.

        Args:
            keep: How many of the newest stay, however old.
            age: What is younger stays.
            removing: Is told each version just before it goes.
        """
        now = datetime.now(UTC)
        with self._pointer.held():
            self._clear(now)
            needed = {self.live_version(), self.before()}
            for version, written, _ in self.kept()[keep:]:
                if version not in needed and now - written >= age:
                    removing(version)
                    # First out of sight: a reader never meets half a version.
                    path = self.root / version
                    shutil.rmtree(path.rename(self.root / f"{_REMOVED}{version}"))

    def _clear(self, now: datetime) -> None:
        """Remove what commands that were killed left: a full disk may be full of it."""
        self._pointer.clear()
        for left in self.root.glob(f"{_REMOVED}*"):
            shutil.rmtree(left)
        for left in self.root.glob(f"{_UNFINISHED}*"):
            with contextlib.suppress(FileNotFoundError):  # finished by now
                if now - _written(left) >= _ABANDONED:
                    shutil.rmtree(left)

    def _path(self, version: str) -> Path:
        return self.root / version / _FILE


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(path.stat().st_mtime, UTC)
