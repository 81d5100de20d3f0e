"""What is written of an archive, docs/archives.md says it in full.

    manifest.json               what is tagged, how, and whether all of it is done
    tags/part-00000000.parquet  a row for each article
    errors/…                    a row for each that cannot be, where there are any
    writing/                    what is not whole yet

A partition is written aside and renamed, its tags last: where they are, it is complete.
"""

import contextlib
import fcntl
import json
import os
import re
import uuid
from collections.abc import Iterator, Mapping
from typing import Any, BinaryIO

import pyarrow as pa
import pyarrow.parquet as pq
from fsspec.implementations.local import LocalFileSystem

from service.archive import ArchiveError
from service.archive.files import store_of

ERRORS = pa.schema(
    [
        ("file", pa.string()),
        ("row", pa.int64()),
        ("id", pa.string()),
        ("reason", pa.string()),
    ]
)
_MANIFEST = "manifest.json"
_TAGS, _ERRORS, _WRITING = "tags", "errors", "writing"
_OURS = {_MANIFEST, _TAGS, _ERRORS, _WRITING}
_MAY_DIFFER = {"partition_bytes"}  # then the one before goes on
_PART = re.compile(r"part-([0-9]{8,})\.parquet")  # others may leave files beside it
_GROUP_ROWS = 20_000
_CURE = "give another OUTPUT, or --overwrite to do all of it again"


class Output:
    """A folder of tags, perhaps of a run before."""

    def __init__(self, url: str) -> None:
        self.url = url
        self._store, self._root = store_of(url)
        self._folder: int | None = None  # opened, to hold it

    def begin(self, manifest: Mapping[str, Any], *, overwrite: bool) -> dict[str, Any]:
        """Make ready to write.

        Args:
            manifest: What is to be tagged, and how.
            overwrite: Whether to begin anew where there is a run before.

        Returns:
            The manifest that holds: of the run before where it is to be gone on with.

        Raises:
            ArchiveError: The folder has other things, or the tags of another archive,
                or it is to be begun anew while another run writes there.
        """
        self._store.invalidate_cache()
        self._hold(alone=overwrite)
        there = self._names("")
        if there - _OURS:
            raise ArchiveError(
                f"{self.url} has other things in it ({min(there - _OURS)}); "
                "give an OUTPUT of its own"
            )
        if overwrite:
            # The manifest first, or it would tell for complete what is gone.
            for name in sorted(there, key=lambda name: name != _MANIFEST):
                self._store.rm(self._path(name), recursive=True)
        elif _MANIFEST not in there and any(map(self._names, there - {_WRITING})):
            raise ArchiveError(f"{self.url} has no {_MANIFEST}; {_CURE}")
        # Without tags and errors, the folders are of a run that had no time to begin.
        goes_on = _MANIFEST in there and not overwrite
        holds = self._before(manifest) if goes_on else dict(manifest)
        for folder in (_TAGS, _ERRORS):
            self._store.makedirs(self._path(folder), exist_ok=True)
        if not goes_on:
            self._write_manifest(manifest)
        self._hold(alone=False)
        return holds

    def close(self) -> None:
        """Let others begin anew."""
        if self._folder is not None:
            os.close(self._folder)
            self._folder = None

    def _hold(self, *, alone: bool) -> None:
        """Let nobody begin anew meanwhile, or nobody write either.

        A folder of this machine can be held, where its file system knows locks.
        """
        if not isinstance(self._store, LocalFileSystem):
            return
        if self._folder is None:
            with contextlib.suppress(FileExistsError):
                self._store.makedirs(self._root, exist_ok=True)
            self._folder = os.open(self._root, os.O_RDONLY)
        how = fcntl.LOCK_EX | fcntl.LOCK_NB if alone else fcntl.LOCK_SH
        try:
            fcntl.flock(self._folder, how)
        except BlockingIOError as error:
            raise ArchiveError(
                f"another run writes to {self.url}; end it, or wait until it has "
                "ended, before you --overwrite its tags"
            ) from error
        except OSError:  # it knows none
            return

    def _before(self, manifest: Mapping[str, Any]) -> dict[str, Any]:
        try:
            before = json.loads(self._store.cat_file(self._path(_MANIFEST)))
            files = {file["url"]: file for file in before["files"]}
            other = [
                name
                for name in manifest
                if name not in _MAY_DIFFER and manifest[name] != before[name]
            ]
        except (ValueError, KeyError, TypeError) as error:
            raise ArchiveError(f"{self.url}/{_MANIFEST} is damaged; {_CURE}") from error
        if other == ["files"]:
            changed = [
                file["url"]
                for file in manifest["files"]
                if files.pop(file["url"], None) != file
            ]
            named = [*changed, *files]
            what = (
                f"{named[0]} was changed, added or left out" if named else "the order"
            )
            more = f" (and {len(named) - 1} more)" if len(named) > 1 else ""
            raise ArchiveError(
                f"{self.url} has the tags of other input: {what}{more}; {_CURE}"
            )
        if other:
            name = other[0]
            raise ArchiveError(
                f"{self.url} was begun with {name} {before[name]!r}, "
                f"not {manifest[name]!r}; {_CURE}"
            )
        return dict(before)

    def complete(self) -> set[int]:
        """Numbers of the partitions that are complete."""
        parts = map(_PART.fullmatch, self._names(_TAGS))
        return {int(part[1]) for part in parts if part}

    def finish(self, manifest: Mapping[str, Any]) -> None:
        """Note that all is done."""
        self._write_manifest(manifest)
        with contextlib.suppress(FileNotFoundError):
            self._store.rm(self._path(_WRITING), recursive=True)

    @contextlib.contextmanager
    def partition(self, number: int, columns: pa.Schema) -> Iterator["Writers"]:
        """Write a partition, whole or not at all."""
        name = f"part-{number:08}.parquet"
        with self._aside() as (tags, tags_file), self._aside() as (errors, errors_file):
            writers = Writers(tags_file, errors_file, columns)
            try:
                yield writers
            finally:
                writers.close()  # or it would be closed later, its file gone
            for file in (tags_file, errors_file):
                _synchronize(file)
                file.close()
            if writers.n_errors:
                self._store.mv(errors, self._path(_ERRORS, name))
            self._store.mv(tags, self._path(_TAGS, name))

    @contextlib.contextmanager
    def _aside(self) -> Iterator[tuple[str, BinaryIO]]:
        """A file, and its path; it is gone in the end unless it was renamed."""
        folder = self._path(_WRITING)
        # Here, as another run may have ended meanwhile, and removed it.
        self._store.makedirs(folder, exist_ok=True)
        path = f"{folder}/{uuid.uuid4().hex}"
        file = self._store.open(path, "wb")
        try:
            yield path, file
        finally:
            try:
                file.close()  # which a full disk may refuse
            finally:
                if self._store.exists(path):
                    self._store.rm_file(path)

    def _write_manifest(self, manifest: Mapping[str, Any]) -> None:
        with self._aside() as (path, file):
            content = json.dumps(manifest, indent=1, ensure_ascii=False)
            # A byte of a file's name that is not UTF-8 becomes JSON's own escape.
            file.write(content.encode("utf-8", "backslashreplace"))
            _synchronize(file)
            file.close()
            self._store.mv(path, self._path(_MANIFEST))

    def _names(self, folder: str) -> set[str]:
        try:
            found = self._store.ls(self._path(folder), detail=False, refresh=True)
        except FileNotFoundError:
            return set()
        return {path.rstrip("/").rsplit("/", 1)[-1] for path in found}

    def _path(self, *names: str) -> str:
        return "/".join((self._root.rstrip("/"), *filter(None, names)))


class Writers:
    """Writes a partition's two tables.

    Attributes:
        n_tagged: Rows of the one.
        n_errors: Rows of the other.
    """

    def __init__(self, tags: BinaryIO, errors: BinaryIO, columns: pa.Schema) -> None:
        self.n_tagged = self.n_errors = 0
        self._tags = pq.ParquetWriter(tags, columns, compression="zstd")
        self._errors = pq.ParquetWriter(errors, ERRORS, compression="zstd")
        self._held: list[pa.RecordBatch] = []

    def write(self, tags: pa.RecordBatch, errors: pa.RecordBatch) -> None:
        """Write rows of both."""
        self.n_tagged += len(tags)
        self.n_errors += len(errors)
        self._held.append(tags)
        if sum(map(len, self._held)) >= _GROUP_ROWS:
            self._flush()
        if len(errors):
            self._errors.write_batch(errors)

    def close(self) -> None:
        """Write what is left, and what stands at the end of each."""
        try:
            if self._held:
                self._flush()
            self._tags.close()
            self._errors.close()
        finally:
            # Or what failed would be tried again, and loudly, by their destructors.
            self._tags.is_open = self._errors.is_open = False

    def _flush(self) -> None:
        self._tags.write_table(pa.Table.from_batches(self._held))
        self._held.clear()


def _synchronize(file: BinaryIO) -> None:
    """Have a file on disk before its name is, where it lies on a disk."""
    file.flush()
    try:
        number = file.fileno()
    except OSError:  # it has none
        return
    os.fsync(number)
