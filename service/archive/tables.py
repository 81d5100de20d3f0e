"""Archives of tables: Parquet and CSV."""

import csv
import io
import itertools
from collections.abc import Callable, Container, Iterator, Sequence
from typing import BinaryIO

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from service.archive import ArchiveError
from service.archive.batch import ARTICLES
from service.archive.files import File, Source, unpacked
from service.archive.rows import (
    MOST_SENT,
    Columns,
    Part,
    Rows,
    made_up,
    only_problems,
    unreadable,
)

_BATCH_ROWS = 256
_MUCH_LARGER = 2  # times the size of a partition, and no less than
_LARGE_GROUP = 48 << 20  # bytes, unpacked
_PAGES = 8 << 20  # bytes of a column that are read at once
_LONGEST_ROW = 8 << 20  # bytes, of CSV
_DAMAGE = (pa.ArrowException, OSError)
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)


def parquet_columns(file: File) -> list[str]:
    """The names of a Parquet file's columns; empty where it is none."""
    with Source(file.url) as source:
        try:
            return list(_opened(source).schema_arrow.names)
        except _DAMAGE:
            return []


def cut_parquet(file: File, columns: Columns, size: int) -> Iterator[Part]:
    """Parts of a large Parquet file: some of its row groups each.

    A row group that is much larger itself is read here, and its rows are sent along.
    """
    with Source(file.url) as source:
        try:
            metadata = _opened(source).metadata
        except _DAMAGE as error:
            yield Part(file, file.size, content=unreadable(1, _reason(error)))
            return
        first = 1
        for start, end in _together(metadata, size):
            groups = [metadata.row_group(group) for group in range(start, end)]
            part = Part(file, sum(map(_stored, groups)), first, (start, end))
            if groups[0].total_byte_size > max(_MUCH_LARGER * size, _LARGE_GROUP):
                yield from _sent(part, columns, groups[0], size)
            else:
                yield part
            first += sum(group.num_rows for group in groups)


def _together(metadata: pq.FileMetaData, size: int) -> Iterator[tuple[int, int]]:
    """Ranges of row groups: a single one, or as many as have the size together."""
    start = held = 0
    for group in range(metadata.num_row_groups):
        more = metadata.row_group(group).total_byte_size
        if group > start and held + more > size:
            yield start, group
            start, held = group, 0
        held += more
    if start < metadata.num_row_groups:
        yield start, metadata.num_row_groups


def _stored(group: pq.RowGroupMetaData) -> int:
    """Bytes of a row group as it lies in the file."""
    columns = map(group.column, range(group.num_columns))
    return sum(column.total_compressed_size for column in columns)


def _sent(
    part: Part, columns: Columns, group: pq.RowGroupMetaData, size: int
) -> Iterator[Part]:
    """A single row group as parts that have their rows with them."""
    wanted = min(size, MOST_SENT)
    n_rows = max(1, wanted * group.num_rows // group.total_byte_size)
    share = part.n_bytes / max(1, group.num_rows)
    for rows in parquet_rows(part, columns, n_rows):
        n_bytes = round(share * (len(rows.numbers) + len(rows.problems)))
        yield Part(part.file, n_bytes, content=rows)


def parquet_rows(
    part: Part, columns: Columns, n_rows: int = _BATCH_ROWS
) -> Iterator[Rows]:
    """The rows of row groups, so many at a time."""
    with Source(part.file.url) as source:
        try:
            stored = _opened(source)
        except _DAMAGE as error:
            yield unreadable(part.first, _reason(error))
            return
        there = columns.within(stored.schema_arrow.names, part.file.name)
        first = part.first
        for group in range(*(part.span or (0, stored.num_row_groups))):
            end = first + stored.metadata.row_group(group).num_rows
            batches = stored.iter_batches(
                n_rows, [group], list(there.values()), use_threads=False
            )
            try:
                for batch in batches:
                    numbers = range(first, first + len(batch))
                    yield _rows(batch, there, numbers, part.file)
                    first = numbers.stop
            except _DAMAGE as error:
                left = f"{end - first} rows of a row group"
                yield unreadable(first, f"{left} cannot be read ({_one_line(error)})")
            first = end


def _opened(source: Source) -> pq.ParquetFile:
    return pq.ParquetFile(source, buffer_size=_PAGES, pre_buffer=False)


def csv_columns(file: File) -> list[str]:
    """The names in a CSV file's first row; empty where it cannot be read."""
    with Source(file.url) as source:
        content = io.TextIOWrapper(unpacked(source)[0], "utf-8-sig", "replace", "")
        try:
            return next(csv.reader(content), [])
        except (*_DAMAGE, csv.Error):
            return []


def cut_csv(file: File, columns: Columns, _: int) -> Iterator[Part]:
    """Parts of a large CSV file, which have their rows with them.

    Only who has read all before knows where a row begins, so all is read here.
    """
    with Source(file.url) as source:
        place = 0
        for rows in _csv_rows(file, source, columns):
            # Arrow closes what it has read to the end.
            read = file.size if source.closed else source.tell()
            yield Part(file, read - place, content=rows)
            place = read


def csv_rows(part: Part, columns: Columns) -> Iterator[Rows]:
    """The rows of a CSV file, some at a time."""
    with Source(part.file.url) as source:
        yield from _csv_rows(part.file, source, columns)


def _csv_rows(file: File, source: Source, columns: Columns) -> Iterator[Rows]:
    there = columns.within(csv_columns(file), file.name)
    odd: dict[int, str] = {}

    def skip(row: pa.csv.InvalidRow) -> str:
        # The header is a row to Arrow, and none to us.
        why = f"it has {row.actual_columns} columns, not {row.expected_columns}"
        odd[row.number - 1] = why
        return "skip"

    first = 1
    try:
        for batch in _csv_batches(unpacked(source)[0], list(there.values()), skip):
            numbers = _numbered(first, len(batch), odd)
            yield _rows(batch, there, numbers, file)
            first = numbers[-1] + 1 if numbers else first
    except _DAMAGE as error:
        yield unreadable(max(first, *odd, 0), _reason(error))
    if odd:
        yield only_problems([(number, None, why) for number, why in odd.items()])


def _csv_batches(
    content: BinaryIO, names: list[str], skip: Callable[[pa.csv.InvalidRow], str]
) -> pa.csv.CSVStreamingReader:
    """Columns as bytes: so Arrow need not guess types, nor refuse what is not UTF-8."""
    return pa.csv.open_csv(
        content,
        # Only where a single thread reads does Arrow tell the numbers of odd rows.
        read_options=pa.csv.ReadOptions(use_threads=False, block_size=_LONGEST_ROW),
        parse_options=pa.csv.ParseOptions(
            newlines_in_values=True, invalid_row_handler=skip
        ),
        convert_options=pa.csv.ConvertOptions(
            check_utf8=False,
            include_columns=names,
            column_types=dict.fromkeys(names, pa.binary()),
        ),
    )


def _numbered(first: int, n_rows: int, odd: Container[int]) -> list[int]:
    """Numbers of rows that follow each other, the odd ones left out."""
    return list(
        itertools.islice((n for n in itertools.count(first) if n not in odd), n_rows)
    )


def _rows(
    batch: pa.RecordBatch, there: dict[str, str], numbers: Sequence[int], file: File
) -> Rows:
    """A batch as rows; one that is not UTF-8 is a problem."""
    bad: dict[int, str] = {}
    found = {what: pa.nulls(len(batch), pa.string()) for what in ARTICLES.names}
    for what, name in there.items():
        column = _plain(batch[name], f"{file.name}: the column {name!r}", what)
        found[what] = _as_text(column, what, bad)
    ids = [
        one or made_up(file, number)
        for one, number in zip(found["id"].to_pylist(), numbers, strict=True)
    ]
    found["id"] = pa.array(ids, pa.string())
    articles = pa.record_batch(
        [found[name] for name in ARTICLES.names], schema=ARTICLES
    )
    if not bad:
        return Rows(articles, list(numbers))
    good = [row for row in range(len(batch)) if row not in bad]
    return Rows(
        articles.take(pa.array(good, pa.int64())),
        [numbers[row] for row in good],
        [(numbers[row], ids[row], why) for row, why in sorted(bad.items())],
    )


def _plain(column: pa.Array, named: str, what: str) -> pa.Array:
    """A column as strings or bytes.

    Raises:
        ArchiveError: It cannot hold what it is to hold.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if any(is_one(column.type) for is_one in (*_TEXTS, *_BYTES)):
        return column
    if what == "id" and not pa.types.is_nested(column.type):
        return column.cast(pa.string())
    raise ArchiveError(
        f"{named} holds {column.type} and cannot be the {what}; "
        f"name another with --{what}"
    )


def _as_text(column: pa.Array, what: str, bad: dict[int, str]) -> pa.Array:
    """A column as strings; what is not UTF-8 is null, and told in `bad`."""
    # Arrow takes it on trust that a string is UTF-8; what comes as bytes it looks at.
    stored = column.cast(pa.binary())
    try:
        return stored.cast(pa.string())
    except pa.ArrowInvalid:
        return pa.array(list(_decoded(stored, what, bad)), pa.string())


def _decoded(stored: pa.Array, what: str, bad: dict[int, str]) -> Iterator[str | None]:
    for row, content in enumerate(stored.to_pylist()):
        try:
            yield None if content is None else content.decode("utf-8")
        except UnicodeDecodeError as error:
            bad[row] = f"{what} is not UTF-8 (byte {error.start})"
            yield None


def _reason(error: Exception) -> str:
    return f"the rest of it cannot be read ({_one_line(error)})"


def _one_line(error: Exception) -> str:
    return " ".join(str(error).split())
