"""What the commands share: their input, their output and their complaints."""

import contextlib
import errno
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import BinaryIO, TextIO

STANDARD_INPUT = "-"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def open_file(file: str) -> AbstractContextManager[BinaryIO]:
    """A file opened to be read; `-` is standard input.

    Raises:
        OSError: It cannot be read.
    """
    if file == STANDARD_INPUT:
        return contextlib.nullcontext(_open(sys.stdin, name_of(file)).buffer)
    return Path(file).open("rb")


def output() -> BinaryIO:
    """Standard output.

    Raises:
        OSError: It is closed.
    """
    opened = _open(sys.stdout, "standard output").buffer
    if isinstance(opened, io.RawIOBase):
        # So PYTHONUNBUFFERED leaves it: a disk that is full would take a part, and be
        # asked no more.
        return open(opened.fileno(), "wb", closefd=False)
    return opened


def _open(stream: TextIO | None, name: str) -> TextIO:
    """A stream that Python has, None where its descriptor was closed at the start."""
    if stream is None:
        raise OSError(errno.EBADF, "it is closed", name)
    with contextlib.suppress(OSError):  # it has no descriptor
        # Whoever has it too may have set it not to wait: that nothing is there yet
        # would be taken for the end.
        os.set_blocking(stream.fileno(), True)
    return stream


def numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Lines as they are read, with their number; a byte-order mark is none of them."""
    for number, line in enumerate(lines, 1):
        yield number, line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line


def name_of(file: str) -> str:
    """What to call a file in front of people."""
    return "standard input" if file == STANDARD_INPUT else file


def write(content: bytes) -> None:
    """Write to standard output at once: a reader may be waiting for this line."""
    stream = output()
    stream.write(content)
    stream.flush()


def write_line(line: str) -> None:
    """Write a line of text; a file's name in it need not be UTF-8."""
    write(f"{line}\n".encode("utf-8", "surrogateescape"))


def complain(problem: str) -> int:
    """Tell a problem on standard error; returns the exit code that it calls for."""
    sys.stderr.write(f"barchasb: {problem}\n")
    return 1
