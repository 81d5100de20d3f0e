"""An archive cut into partitions.

    small files ───────────────────┐
    ranges of lines, row groups ───┼──▶ a worker reads them
    what only reading can cut ─────┴──▶ its rows are read here, and sent along

The same files are always cut alike, so that a run can go on from where another ended.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from service.archive import comma, lines, parquet
from service.archive.files import File, Kind, ReadingError
from service.archive.rows import Columns, Part, Rows

_KINDS = {"jsonl": lines, "csv": comma, "parquet": parquet}


@dataclass(frozen=True, slots=True)
class Partition:
    """What is tagged, written and perhaps done again as one.

    Attributes:
        number: Its place in the archive, from 0.
        parts: What it is made of.
    """

    number: int
    parts: tuple[Part, ...]

    @property
    def n_bytes(self) -> int:
        """How much of the archive it is, as it lies there."""
        return sum(part.n_bytes for part in self.parts)

    @property
    def name(self) -> str:
        """What to call it in front of people."""
        return f"partition {self.number} ({self.parts[0].file.name})"


def check(files: Iterable[File], columns: Columns) -> None:
    """Make sure that the first file of each kind has the columns that are meant.

    The first that tells which it has: others are empty, or cannot be read.

    Raises:
        ArchiveError: It has not.
    """
    checked: set[Kind] = set()
    for file in files:
        if file.kind not in checked and (existing := _columns_of(file)):
            columns.within(existing, file.name)
            checked.add(file.kind)


def _columns_of(file: File) -> list[str]:
    try:
        existing: list[str] = _KINDS[file.kind].columns_of(file)
    except ReadingError:  # it comes again, and is told, when the file is read
        return []
    return existing


def partitions(
    files: Sequence[File], columns: Columns, size: int
) -> Iterator[Partition]:
    """Cut an archive into partitions of about a size, in bytes.

    Raises:
        ArchiveError: A large file has not the columns that are meant.
        ReadingError: A large file is out of reach.
    """
    for number, parts in enumerate(_together(files, columns, size)):
        yield Partition(number, tuple(parts))


def _together(
    files: Iterable[File], columns: Columns, size: int
) -> Iterator[list[Part]]:
    """Small files together, large ones cut."""
    small: list[Part] = []
    held = 0
    for file in files:
        if small and held + file.size > size:
            yield small
            small, held = [], 0
        if file.size <= size:
            small.append(Part(file, file.size))
            held += file.size
        else:
            for part in _KINDS[file.kind].cut(file, columns, size):
                yield [part]
    if small:
        yield small


def rows_of(part: Part, columns: Columns) -> Iterator[Rows]:
    """The rows of a part, some at a time.

    Raises:
        ArchiveError: Its file has not the columns that are meant.
        ReadingError: The file is out of reach.
    """
    if isinstance(part.content, Rows):
        yield part.content
    elif part.file.size:
        yield from _KINDS[part.file.kind].rows(part, columns)
