"""Batches of tables as rows of an archive."""

import contextlib
from collections.abc import Sequence

import pyarrow as pa

from service.archive import ArchiveError
from service.archive.batch import ARTICLES, decoded
from service.archive.files import File
from service.archive.rows import Rows, made_up

DAMAGE = (pa.ArrowException, OSError)
"""What Arrow raises on content that it cannot read."""
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_BYTES = (
    pa.types.is_binary,
    pa.types.is_large_binary,
    pa.types.is_binary_view,
    pa.types.is_fixed_size_binary,
)


def table_rows(
    batch: pa.RecordBatch, there: dict[str, str], numbers: Sequence[int], file: File
) -> Rows:
    """A batch as rows; one whose id is not UTF-8 is a problem.

    Whether titles and texts are is found by who decodes them.

    Args:
        batch: Has at least the columns of `there`.
        there: Names of columns by what they hold.
        numbers: Of its rows.
        file: Where it is from.

    Raises:
        ArchiveError: A column cannot hold what it is to hold.
    """
    bad: dict[int, str] = {}
    found = {what: pa.nulls(len(batch), pa.string()) for what in ARTICLES.names}
    for what, name in there.items():
        column = _plain(batch[name], f"{file.name}: the column {name!r}", what)
        found[what] = column.cast(pa.string(), safe=False)
    ids = [
        one or made_up(file, number)
        for one, number in zip(decoded(found["id"], "id", bad), numbers, strict=True)
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
    if pa.types.is_null(column.type):  # as pandas stores a column of None alone
        return column.cast(pa.string())
    if what == "id" and not pa.types.is_nested(column.type):
        with contextlib.suppress(pa.ArrowNotImplementedError):
            return _written(column)
    raise ArchiveError(
        f"{named} holds {column.type} and cannot be the {what}; "
        f"name another with --{what}"
    )


def _written(column: pa.Array) -> pa.Array:
    """Values as text.

    Raises:
        ArrowNotImplementedError: Arrow does not know how to write them.
    """
    if isinstance(column.type, pa.UuidType):
        return pa.array([one and str(one) for one in column.to_pylist()], pa.string())
    return column.cast(pa.string())


def reason_of(error: Exception) -> str:
    """What to tell of a file that cannot be read on."""
    return f"the rest of it cannot be read ({one_line(error)})"


def one_line(error: Exception) -> str:
    """An error's words without line feeds."""
    return " ".join(str(error).split())
