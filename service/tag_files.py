"""What `barchasb tag --jsonl` reads and writes: chunks of whole lines, a file at once.

A chunk is what lies ready, and at most about a megabyte but for a longer line: a file
is read in few large pieces, and of a pipe every line as soon as it comes. A plain file
is only cut into ranges: who answers the lines of one reads them.
"""

import abc
import contextlib
import itertools
import os
import stat
import zlib
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import BinaryIO, NamedTuple, cast

from service import terminal

_CHUNK_BYTES = 1 << 20
_LOOK_BYTES = 1 << 14  # at once, for the end of a line
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_GZIP_BEGINS = b"\x1f"  # and no JSON does
_GZIP = 16 + zlib.MAX_WBITS  # asks zlib for gzip's header and checksum
_FILLING = b"\0"  # up to a whole block of a tape, after what gzip wrote
_OPEN_FILES = ("/dev/stdout", "/dev/stderr", "/dev/fd/", "/proc/self/fd/")


class Range(NamedTuple):
    """Whole lines, by where they lie in a file.

    Attributes:
        fd: The file's descriptor.
        start: Bytes before them.
        end: Bytes up to their end.
    """

    fd: int
    start: int
    end: int

    def read(self) -> tuple[bytes, str | None]:
        """The lines, and why not all of them could be read, None where they could."""
        blocks, place, problem = [], self.start, None
        try:
            # A single call reads no more than two gigabytes.
            while block := os.pread(self.fd, self.end - place, place):
                blocks.append(block)
                place += len(block)
        except OSError as error:
            problem = str(error)
        content = b"".join(blocks)
        if place == self.end:
            return content, None
        whole = content[: content.rfind(b"\n") + 1]
        return whole, problem or "it has become shorter"


type Chunk = bytes | Range
"""Whole lines, or where they lie."""


class Chunks(abc.ABC):
    """The lines of a file, a chunk at a time.

    Attributes:
        n_read: Bytes of the file that were read, or cut into ranges.
        ended: Whether there is no more to read.
        unzipped: Whether what is read next was unzipped already, or can be, without
            more of the file.
        problem: Why the rest of the file could not be read, None where it could.
    """

    def __init__(self, file: BinaryIO) -> None:
        self.n_read = 0
        self.ended = False
        self.unzipped = False
        self.problem: str | None = None
        self._file = cast(BufferedReader, file)

    def fileno(self) -> int:
        """The file's descriptor, by which to wait until there is something to read."""
        return self._file.fileno()

    def stop(self, reason: object) -> None:
        """Read no more, for this reason."""
        self.problem = f"the rest of it cannot be read ({reason})"
        self.ended = True

    @property
    @abc.abstractmethod
    def full(self) -> bool:
        """Whether there is a chunk to take, and no need to read before."""

    @abc.abstractmethod
    def read(self) -> None:
        """Read what there is; waits only where there is nothing."""

    @abc.abstractmethod
    def take(self) -> Chunk | None:
        """The whole lines that are there, in the end also one without a line feed."""


def chunks_of(file: BinaryIO) -> Chunks:
    """The lines of a file that was opened: ranges where it is plain, else as read."""
    fd = file.fileno()
    status = os.fstat(fd)
    # What the system makes up while it is read, as under /proc, has no size.
    if stat.S_ISREG(status.st_mode) and status.st_size:
        with contextlib.suppress(OSError):  # it comes again, and is told, when read
            begins = os.pread(fd, len(_BYTE_ORDER_MARK), 0)
            if not begins.startswith(_GZIP_BEGINS):
                marked = begins == _BYTE_ORDER_MARK
                return Ranges(file, len(begins) if marked else 0, status.st_size)
    return Lines(file)


class Ranges(Chunks):
    """The lines of a plain file, as ranges that follow each other."""

    def __init__(self, file: BinaryIO, start: int, end: int) -> None:
        """Cut nothing yet.

        Args:
            file: Is read by its descriptor; where it stands does not matter.
            start: Where the first line begins.
            end: What is written beyond it, from now on, is left out.
        """
        super().__init__(file)
        self.n_read = start
        self.ended = start == end
        self._end = end

    @property
    def full(self) -> bool:
        """Always: nothing has to be read to know the next range."""
        return True

    def read(self) -> None:
        """There is no need to."""

    def take(self) -> Range | None:
        """The next range, None where there is none."""
        if self.ended:
            return None
        start = self.n_read
        try:
            self.n_read = self._line_end(start + _CHUNK_BYTES)
        except OSError as error:
            self.stop(error)
            return None
        self.ended = self.n_read == self._end
        return Range(self.fileno(), start, self.n_read)

    def _line_end(self, least: int) -> int:
        """Where the first line ends that does so from `least` on."""
        place = least - 1
        while place < self._end:
            block = os.pread(self.fileno(), _LOOK_BYTES, place)
            found = block.find(b"\n") + 1
            if found or not block:
                return min(place + found, self._end) if found else self._end
            place += len(block)
        return self._end


class Lines(Chunks):
    """The lines of any file as they come, unzipped where it is gzip."""

    def __init__(self, file: BinaryIO, *, amid: bool = False) -> None:
        """Read nothing yet.

        Args:
            file: Is read from where it stands.
            amid: Whether that is amid a plain file, where no gzip can begin.
        """
        super().__init__(file)
        self._blocks = self._unzipped()
        self._whole: list[bytes] = []  # makes up whole lines
        self._size = 0  # of those
        self._rest: list[bytes] = []  # begins a line
        self._begun = amid

    @property
    def full(self) -> bool:
        """Whether a chunk's worth of lines was read and not yet taken."""
        return self._size >= _CHUNK_BYTES

    def read(self) -> None:
        """Read what there is; waits only where there is nothing."""
        try:
            block = next(self._blocks, None)
        except (EOFError, OSError, zlib.error) as error:
            self.stop(error)
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
        if self._begun or not first.startswith(_GZIP_BEGINS):
            yield from blocks
            return
        for block, self.unzipped in unzip(blocks):
            yield block

    def _stored(self) -> Iterator[bytes]:
        while block := self._file.read1(_CHUNK_BYTES):
            self.n_read += len(block)
            yield block


def unzip(blocks: Iterable[bytes]) -> Iterator[tuple[bytes, bool]]:
    """What a gzip file holds, a chunk's worth at a time, however well it is packed.

    With each goes whether there is more in the blocks that were taken by now.

    Raises:
        EOFError: It ends early.
        zlib.error: It is damaged.
    """
    member = zlib.decompressobj(_GZIP)
    for packed in blocks:
        rest = packed.lstrip(_FILLING) if member.eof else packed
        while rest:
            if member.eof:  # gzip files may be written one after another
                member = zlib.decompressobj(_GZIP)
            content = member.decompress(rest, _CHUNK_BYTES)
            after = member.unused_data.lstrip(_FILLING)
            rest = after if member.eof else member.unconsumed_tail
            yield content, bool(rest)
    yield member.flush(), False
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
        yield terminal.output()
        return
    is_open = str(file).startswith(_OPEN_FILES)
    if is_open or (file.exists() and not file.is_file()):
        # A device or a pipe is not replaced, nor what somebody has opened, who may want
        # more in it than this.
        with file.open("ab") as opened:
            yield opened
        return
    file = file.resolve()  # a link stays a link
    beside = file.with_name(f".{file.name}-{os.getpid()}")
    try:
        with beside.open("wb") as opened:
            yield opened
            opened.flush()
            os.fsync(opened.fileno())
        beside.replace(file)
    finally:
        beside.unlink(missing_ok=True)
