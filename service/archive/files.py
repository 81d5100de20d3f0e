"""The files of an archive: which there are, of what kind, and how to open them."""

import contextlib
import io
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal, get_args

import fsspec
import pyarrow as pa
from fsspec.core import url_to_fs
from fsspec.implementations.local import LocalFileSystem

from service.archive import ArchiveError
from service.tag_files import unzip

type Kind = Literal["parquet", "jsonl", "csv"]
KINDS: tuple[Kind, ...] = get_args(Kind.__value__)
_ENDINGS: dict[str, Kind] = {
    ".parquet": "parquet",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".csv": "csv",
}
_PACKED_ENDINGS = (".gz", ".zst")
_GZIP, _ZSTD = b"\x1f\x8b", b"\x28\xb5\x2f\xfd"  # how they begin
_BEGINNING = 4  # bytes
# What tells that a file was changed, the surest first, by the names that stores use.
_STAMPS = (
    "ETag",
    "etag",
    "md5Hash",
    "mtime",
    "LastModified",
    "last_modified",
    "created",
)
_LOCAL = "file://"
BUFFER = 1 << 20


class ReadingError(Exception):
    """A file that could not be read on: not for what is in it, but where it lies."""


@dataclass(frozen=True, slots=True)
class File:
    """A file of an archive.

    Attributes:
        url: Where it lies, for any process.
        name: Its path below the folder that all files have in common.
        kind: What is in it, unpacked.
        size: Bytes, as it lies there.
        stamp: Changes when the file does.
    """

    url: str
    name: str
    kind: Kind
    size: int
    stamp: str


def find(
    inputs: Iterable[str], kind: Kind | None = None, output: str | None = None
) -> list[File]:
    """The files that are meant by paths, globs, folders and fsspec's URLs.

    Args:
        inputs: Of a folder, all files below are meant whose ending tells their kind,
            but none that is hidden by a `.` or `_` before a name.
        kind: What is in every file, whatever its ending tells.
        output: The URL of a folder that is not meant where it lies in one that is.

    Returns:
        Each file once, in the order of the inputs, within a folder by name.

    Raises:
        ArchiveError: An input names no file, or one of a kind that is not known.
    """
    found: dict[str, tuple[Kind, Mapping[str, Any]]] = {}
    for one in inputs:
        found |= {url: (of, entry) for url, of, entry in _found(one, kind, output)}
    for url in _doubles({url: entry for url, (_, entry) in found.items()}):
        del found[url]
    folders = [url.split("/")[:-1] for url in found]
    # Of lists, the prefix is of whole names.
    depth = len(os.path.commonprefix(folders))  # noqa: RUF071
    return [
        File(url, _name(url.split("/")[depth:]), of, entry["size"], _stamp(entry))
        for url, (of, entry) in found.items()
    ]


def _found(
    one: str, kind: Kind | None, output: str | None
) -> Iterator[tuple[str, Kind, Mapping[str, Any]]]:
    store, path = store_of(one)
    folder = f"{store.unstrip_protocol(path).rstrip('/')}/" if store.isdir(path) else ""
    if folder:
        entries = store.find(path, detail=True)
    elif store.exists(path):
        entries = {path: store.info(path)}
    else:
        entries = store.glob(path, detail=True)
    n_files = 0
    for name, listed in sorted(entries.items()):
        of = kind or _kind_of(name)
        url = store.unstrip_protocol(name)
        passed_over = folder and (not of or _is_passed_over(url, folder, output))
        entry = _followed(store, name, listed)
        if entry["type"] != "file" or passed_over:
            continue
        if not of:
            raise ArchiveError(f"{name}: its ending tells no kind; {_KNOWN}")
        n_files += 1
        yield url, of, entry
    if not n_files:
        what = (
            f"there is no file of an archive in it; {_KNOWN}" if folder else "no file"
        )
        raise ArchiveError(f"{one}: {what}")


def _doubles(entries: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Links to files that are meant themselves."""
    links = [url for url, entry in entries.items() if entry.get("islink")]
    if not links:
        return []
    real = {url: os.path.realpath(entry["name"]) for url, entry in entries.items()}
    meant = {real[url] for url in entries.keys() - links}
    return [url for url in links if real[url] in meant]


def _followed(
    store: fsspec.AbstractFileSystem, name: str, entry: Mapping[str, Any]
) -> Mapping[str, Any]:
    """What a name leads to: a listing says of a link only that it is one."""
    if not entry.get("islink"):
        return entry
    try:
        found: Mapping[str, Any] = store.info(name)
    except OSError:  # it leads nowhere
        return entry
    return found


_KNOWN = (
    f"known are {', '.join(_ENDINGS)}, the last three perhaps with .gz or .zst after; "
    f"or give --format {' | '.join(KINDS)}"
)


def _kind_of(name: str) -> Kind | None:
    for ending in _PACKED_ENDINGS:
        name = name.removesuffix(ending)
    return _ENDINGS.get(os.path.splitext(name)[1].lower())  # noqa: PTH122 - of a URL


def _is_passed_over(url: str, folder: str, output: str | None) -> bool:
    """Whether a file below a folder is hidden, or written of it by a run before."""
    if output and output.startswith(folder) and url.startswith(f"{output}/"):
        return True
    names = url.removeprefix(folder).split("/")
    return any(name.startswith((".", "_")) for name in names)


def _name(path: Iterable[str]) -> str:
    """What to call a file in UTF-8, whatever its name is in."""
    return "/".join(path).encode("utf-8", "backslashreplace").decode()


def _stamp(entry: Mapping[str, Any]) -> str:
    return next((str(entry[name]) for name in _STAMPS if name in entry), "")


def store_of(url: str) -> tuple[fsspec.AbstractFileSystem, str]:
    """Where a path or a URL leads: fsspec's file system, and the path in it.

    Raises:
        ArchiveError: There is no such protocol, or what it needs is not installed.
    """
    if path := _local(url):
        return LocalFileSystem(), _spelled(path)
    try:
        store, path = url_to_fs(url)
    except (ImportError, ValueError) as error:
        raise ArchiveError(f"{url}: {error}") from error
    return store, _spelled(path) if isinstance(store, LocalFileSystem) else str(path)


def _local(url: str) -> str | None:
    """The path of a file of this machine, None where it has to be asked for otherwise.

    fsspec would take `::` in it for a chain of stores, and `file:` for a protocol.
    """
    if url.startswith(_LOCAL):
        return url.removeprefix(_LOCAL)
    return url if "://" not in url and os.path.lexists(url) else None


def _spelled(path: str) -> str:
    """The plain spelling of a path, by which a file is known again."""
    plain = f"/{os.path.normpath(Path.cwd() / path).lstrip('/')}"
    before, up, _ = f"{path}/".rpartition("/../")
    if not up:
        return plain
    above = Path(f"{before}/..")
    with contextlib.suppress(OSError):
        # From a folder that is a link, it leads elsewhere than it seems.
        if above.samefile(os.path.normpath(above)):
            return plain
    return path


class Source(io.RawIOBase):
    """A file, or the range of its bytes up to an end, as it lies there.

    It raises ReadingError where reading fails, so that this is told from content that
    cannot be unpacked.
    """

    def __init__(self, url: str, start: int = 0, end: int | None = None) -> None:
        super().__init__()
        store, path = store_of(url)
        self._url = url
        self._end = end
        with self._told():
            self._file = store.open(path, "rb")
            self._file.seek(start)

    def readable(self) -> bool:
        """Always."""
        return True

    def seekable(self) -> bool:
        """Always."""
        return True

    def tell(self) -> int:
        """The place in the file."""
        return int(self._file.tell())

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a place in the file."""
        with self._told():
            return int(self._file.seek(offset, whence))

    def read(self, size: int | None = -1) -> bytes:
        """Read up to the end of the range, all of it where no size is given."""
        wanted = -1 if size is None else size
        if self._end is not None:
            left = self._end - self.tell()
            wanted = left if wanted < 0 else min(wanted, left)
        with self._told():
            content: bytes = self._file.read(wanted)
        return content

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer has no type
        """Read up to the end of the range."""
        content = self.read(len(buffer))
        buffer[: len(content)] = content
        return len(content)

    def close(self) -> None:
        """Close the file as well."""
        if not self.closed:
            self._file.close()
        super().close()

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise ReadingError(f"{self._url}: {error.strerror or error}") from error


class Unpacked(io.RawIOBase):
    """A file's content, unzipped if it is gzip or zstd.

    Reading gives all that can be unzipped, and then raises OSError if there is more.

    Attributes:
        beginning: The file's first bytes, as they lie there.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.beginning = source.read(_BEGINNING)
        source.seek(0)
        stored = iter(partial(source.read, BUFFER), b"")
        self._blocks: Iterator[bytes] = stored
        if self.beginning.startswith(_GZIP):
            self._blocks = (block for block, _ in unzip(stored))
        elif self.is_packed:
            # Kept for as long as this is: it would close the source in its end.
            self._stream = pa.CompressedInputStream(source, "zstd")
            self._blocks = _salvaged(self._stream)
        self._left = memoryview(b"")  # of a block

    @property
    def is_packed(self) -> bool:
        """Whether it is gzip or zstd."""
        return self.beginning.startswith((_GZIP, _ZSTD))

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer has no type
        """Read from a single block."""
        try:
            while not self._left:
                self._left = memoryview(next(self._blocks))
        except StopIteration:
            return 0
        except (EOFError, zlib.error) as error:
            raise OSError(str(error)) from error
        n_bytes = min(len(buffer), len(self._left))
        buffer[:n_bytes] = self._left[:n_bytes]
        self._left = self._left[n_bytes:]
        return n_bytes


def _salvaged(stream: pa.NativeFile) -> Iterator[bytes]:
    """All that can be read, also before an error."""
    block = bytearray(BUFFER)
    try:
        while n_bytes := stream.readinto(block):
            yield bytes(memoryview(block)[:n_bytes])
            block = bytearray(BUFFER)
    except OSError:
        # What came before is there, in front of zeros: Arrow tells not how much.
        yield bytes(block.rstrip(b"\0"))
        raise
