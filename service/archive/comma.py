"""Archives of CSV."""

import codecs
import contextlib
import csv
import io
import itertools
from collections.abc import Callable, Container, Iterator
from typing import Any

import pyarrow as pa
import pyarrow.csv

from service.archive.files import BUFFER, File, Source, Unpacked
from service.archive.rows import Columns, Part, Rows, only_problems, unreadable
from service.archive.tables import DAMAGE, reason_of, table_rows

_LONGEST_ROW = 8 << 20  # bytes
_MOST_TORN = 3  # bytes of a character that is not whole
_RESTS = [byte * more for more in range(1, 4) for byte in (b"\x80", b"\xbf")]


def columns_of(file: File) -> list[str]:
    """The names in a CSV file's header; empty where it cannot be read."""
    try:
        return _header(file)[0]
    except (*DAMAGE, csv.Error):
        return []


def _header(file: File) -> tuple[list[str], bool]:
    """The first row that is not blank, as Arrow takes it too; empty where none is.

    With it goes whether anything follows.
    """
    with Source(file.url) as source:
        content = _UpToDamage(source)
        text = io.TextIOWrapper(io.BufferedReader(content), "utf-8-sig", "replace", "")
        header = next(filter(None, csv.reader(text)), [])
        has_more = bool(text.read(1))
    if content.damage and not has_more:  # the header is the row that is not whole
        raise content.damage
    return header, has_more


def cut(file: File, columns: Columns, _: int) -> Iterator[Part]:
    """Parts of a large CSV file, which have their rows with them.

    Only who has read all before knows where a row begins, so all is read here.
    """
    with Source(file.url) as source:
        place = 0
        for some in _csv_rows(file, source, columns):
            yield Part(file, source.tell() - place, content=some)
            place = source.tell()


def rows(part: Part, columns: Columns) -> Iterator[Rows]:
    """The rows of a CSV file, some at a time."""
    with Source(part.file.url) as source:
        yield from _csv_rows(part.file, source, columns)


def _csv_rows(file: File, source: Source, columns: Columns) -> Iterator[Rows]:
    try:
        header, has_more = _header(file)
    except (*DAMAGE, csv.Error) as error:
        yield unreadable(1, reason_of(error))
        return
    if not header:
        return
    there = columns.within(header, file.name)
    if not has_more:  # and perhaps no line feed, for want of which Arrow fails
        return
    content = _UpToDamage(source)
    last: Rows | None = None
    for some in _table_rows(file, content, there):
        if last:
            yield last
        last = some
    if last:
        yield _torn(last, content.damage) if content.damage else last


class _UpToDamage(io.RawIOBase):
    """A file's content, where the rest cannot be unzipped with a letter in its place.

    So its last row is the one that is not whole, wherever that was torn.

    Attributes:
        damage: Why the rest cannot be unzipped, None where it could.
    """

    def __init__(self, source: Source) -> None:
        super().__init__()
        self.damage: OSError | None = None
        self._content = Unpacked(source)
        self._last = b""  # bytes, enough to hold most of a character

    def readable(self) -> bool:
        """Always."""
        return True

    def readinto(self, buffer: Any) -> int:  # noqa: ANN401 - a buffer has no type
        """Read from a single block."""
        if self.damage:
            return 0
        try:
            n_bytes = self._content.readinto(buffer)
        except OSError as error:
            self.damage = error
            letter = _completing(self._last)
            buffer[: len(letter)] = letter
            return len(letter)
        self._last = (self._last + bytes(buffer[:n_bytes][-_MOST_TORN:]))[-_MOST_TORN:]
        return n_bytes


def _completing(last: bytes) -> bytes:
    """The rest of a character that these last bytes begin, else a letter.

    Arrow gives up a file in which a row is not whole and no UTF-8 either.
    """
    decoder = codecs.getincrementaldecoder("utf-8")("ignore")
    decoder.decode(last)
    begun, _ = decoder.getstate()
    for rest in _RESTS if begun else ():
        with contextlib.suppress(UnicodeDecodeError):
            (begun + rest).decode()
            return rest
    return b"x"


def _torn(rows: Rows, damage: OSError) -> Rows:
    """The last rows of a file, the very last told as what is left of it."""
    problems = [number for number, *_ in rows.problems]
    last = max([*rows.numbers, *problems])
    whole = [number for number in rows.numbers if number < last]
    told = [problem for problem in rows.problems if problem[0] < last]
    return Rows(
        rows.articles[: len(whole)],
        whole,
        [*told, (last, None, reason_of(damage))],
    )


def _table_rows(
    file: File, content: _UpToDamage, there: dict[str, str]
) -> Iterator[Rows]:
    """All rows that Arrow finds, some at a time."""
    odd: dict[int, str] = {}

    def skip(row: pa.csv.InvalidRow) -> str:
        # The header is a row to Arrow, and none to us.
        why = f"it has {row.actual_columns} columns, not {row.expected_columns}"
        odd[row.number - 1] = why
        return "skip"

    first = 1
    try:
        for batch in _csv_batches(content, list(there.values()), skip):
            numbers = _numbered(first, len(batch), odd)
            first = numbers[-1] + 1 if numbers else first
            some = table_rows(batch, there, numbers, file)
            # Now and not at the end: an archive may have any number of them.
            passed = [number for number in odd if number < first]
            some.problems += [(number, None, odd.pop(number)) for number in passed]
            yield some
    except DAMAGE as error:
        yield unreadable(max([first, *(row + 1 for row in odd)]), reason_of(error))
    if odd:
        yield only_problems([(number, None, why) for number, why in odd.items()])


def _csv_batches(
    content: io.RawIOBase, names: list[str], skip: Callable[[pa.csv.InvalidRow], str]
) -> pa.csv.CSVStreamingReader:
    """Columns as bytes: so Arrow need not guess types, nor refuse what is not UTF-8."""
    return pa.csv.open_csv(
        io.BufferedReader(content, BUFFER),
        # Only where a single thread reads does Arrow tell the numbers of odd rows.
        read_options=pa.csv.ReadOptions(use_threads=False, block_size=_LONGEST_ROW),
        parse_options=pa.csv.ParseOptions(
            newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=pa.csv.ConvertOptions(
            check_utf8=False,
            include_columns=[*dict.fromkeys(names)],
            column_types=dict.fromkeys(names, pa.binary()),
        ),
    )


def _numbered(first: int, n_rows: int, odd: Container[int]) -> list[int]:
    """Numbers of rows that follow each other, the odd ones left out."""
    return list(
        itertools.islice((n for n in itertools.count(first) if n not in odd), n_rows)
    )
