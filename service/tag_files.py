"""What `barchasb tag --jsonl` reads and writes: chunks of whole lines, a file at once.

A chunk is what lies ready, and at most about a megabyte but for a longer line: a file
is read in few large pieces, and of a pipe every line as soon as it comes.
"""

import contextlib
import itertools
import os
import sys
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, cast

_CHUNK_BYTES = 1 << 20
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIP_BEGINS = b"\x1f"  # and no JSON does
_GZIP = 16 + zlib.MAX_WBITS  # asks zlib for gzip's header and checksum


class Lines:
    """The lines of a file, unzipped where it is gzip.

    Attributes:
        n_read: Bytes of the file that were read.
        ended: Whether there is no more to read.
        problem: Why the rest of the file could not be read, None where it could.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.n_read = 0
        self.ended = False
        self.problem: str | None = None
        self._file = cast(BufferedReader, file)
        self._blocks = self._unzipped()
        self._whole: list[bytes] = []  # makes up whole lines
        self._size = 0  # of those
        self._rest: list[bytes] = []  # begins a line
        self._begun = False

    def fileno(self) -> int:
        """The file's descriptor, by which to wait until there is something to read."""
        return self._file.fileno()

    @property
    def full(self) -> bool:
        """Whether a chunk's worth of lines was read and not yet taken."""
        return self._size >= _CHUNK_BYTES

    def read(self) -> None:
        """Read what there is; waits only where there is nothing."""
        try:
            block = next(self._blocks, None)
        except (EOFError, OSError, zlib.error) as error:
            self.problem = f"the rest of it cannot be read ({error})"
            self._rest.clear()
            block = None
        if block is None:
            self.ended = True
            self._end_line(b"")
            return
        end = block.rfind(b"\n") + 1
        if end:
            self._end_line(block[:end])
        self._rest.append(block[end:])

    def take(self) -> bytes:
        """The whole lines that were read, in the end also one without a line feed."""
        chunk = b"".join(self._whole)
        self._whole.clear()
        self._size = 0
        if chunk and not self._begun:
            self._begun = True
            chunk = chunk.removeprefix(_BYTE_ORDER_MARK)
        return chunk

    def _end_line(self, block: bytes) -> None:
        self._whole += [*self._rest, block]
        self._size += sum(map(len, self._rest)) + len(block)
        self._rest.clear()

    def _unzipped(self) -> Iterator[bytes]:
        blocks = self._stored()
        first = next(blocks, b"")
        blocks = itertools.chain([first], blocks)
        yield from _unzip(blocks) if first.startswith(_GZIP_BEGINS) else blocks

    def _stored(self) -> Iterator[bytes]:
        while block := self._file.read1(_CHUNK_BYTES):
            self.n_read += len(block)
            yield block


def _unzip(blocks: Iterable[bytes]) -> Iterator[bytes]:
    """What a gzip file holds, a chunk's worth at a time, however well it is packed.

    Raises:
        EOFError: It ends early.
        zlib.error: It is damaged.
    """
    member = zlib.decompressobj(_GZIP)
    for packed in blocks:
        rest = packed
        while rest:
            if member.eof:  # gzip files may be written one after another
                member = zlib.decompressobj(_GZIP)
            yield member.decompress(rest, _CHUNK_BYTES)
            rest = member.unconsumed_tail or member.unused_data
    yield member.flush()
    if not member.eof:
        raise EOFError("the gzip file ends early")


def size_of(files: Iterable[str]) -> int | None:
    """Bytes of all files together, None where one is no regular file."""
    paths = [Path(file) for file in files]
    if not all(path.is_file() for path in paths):
        return None
    return sum(path.stat().st_size for path in paths)


@contextlib.contextmanager
def output(file: Path | None) -> Iterator[BinaryIO]:
    """Where answers are written to: a file, or standard output where none is given.

    The file is written beside and renamed at the end: there is never half of it, and
    an error leaves what was there before.
    """
    if file is None:
        yield sys.stdout.buffer
        return
    file = file.resolve()  # a link stays a link
    if file.exists() and not file.is_file():  # a device or a pipe is not replaced
        with file.open("wb") as opened:
            yield opened
        return
    beside = file.with_name(f".{file.name}-{os.getpid()}")
    try:
        with beside.open("wb") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
