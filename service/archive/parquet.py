"""Archives of Parquet."""

from collections.abc import Iterator

import pyarrow.parquet as pq

from service.archive.files import File, Source
from service.archive.rows import MOST_SENT, Columns, Part, Rows, unreadable
from service.archive.tables import DAMAGE, one_line, reason_of, table_rows

_BATCH_ROWS = 1024
_MUCH_LARGER = 2  # times the size of a partition, and no less than
_LARGE_GROUP = 48 << 20  # bytes, unpacked
_PAGES = 1 << 20  # bytes of a column that are read at once


def columns_of(file: File) -> list[str]:
    """The names of a Parquet file's columns; empty where it is none."""
    with Source(file.url) as source:
        try:
            return list(_opened(source).schema_arrow.names)
        except DAMAGE:
            return []


def cut(file: File, columns: Columns, size: int) -> Iterator[Part]:
    """Parts of a large Parquet file: some of its row groups each.

    A row group that is much larger itself is read here, and its rows are sent along.
    """
    with Source(file.url) as source:
        try:
            metadata = _opened(source).metadata
        except DAMAGE as error:
            yield Part(file, file.size, content=unreadable(1, reason_of(error)))
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
    for some in rows(part, columns, n_rows):
        n_bytes = round(share * (len(some.numbers) + len(some.problems)))
        yield Part(part.file, n_bytes, content=some)


def rows(part: Part, columns: Columns, n_rows: int = _BATCH_ROWS) -> Iterator[Rows]:
    """The rows of row groups, so many at a time."""
    with Source(part.file.url) as source:
        try:
            stored = _opened(source)
        except DAMAGE as error:
            yield unreadable(part.first, reason_of(error))
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
                    yield table_rows(batch, there, numbers, part.file)
                    first = numbers.stop
            except DAMAGE as error:
                left = f"{end - first} rows of a row group"
                yield unreadable(first, f"{left} cannot be read ({one_line(error)})")
            first = end


def _opened(source: Source) -> pq.ParquetFile:
    return pq.ParquetFile(source, buffer_size=_PAGES, pre_buffer=False)
