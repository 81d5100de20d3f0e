"""Rows of an archive, and the columns of it that hold an article."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from service.archive import ArchiveError
from service.archive.batch import ARTICLES
from service.archive.files import File

MOST_SENT = 16 << 20  # bytes of rows that are sent along, about


@dataclass(frozen=True, slots=True)
class Columns:
    """Names of columns; None where it was not said, and the usual name is meant."""

    id: str | None = None
    title: str | None = None
    text: str | None = None

    def within(self, existing: Sequence[str], file: str) -> dict[str, str]:
        """Names by what they hold, as far as a file has them.

        Raises:
            ArchiveError: A column that was named, or that of the text, is not there,
                or one that is meant is there more than once.
        """
        there = {}
        for what, name in (("id", self.id), ("title", self.title), ("text", self.text)):
            if existing.count(name or what) > 1:
                raise ArchiveError(
                    f"{file} has more than one column {name or what!r}; "
                    f"name another with --{what}, or rename one of them"
                )
            if (name or what) in existing:
                there[what] = name or what
            elif name or what == "text":
                raise ArchiveError(
                    f"{file} has no column {name or what!r}; it has "
                    f"{', '.join(existing) or 'none'}; name the right one with --{what}"
                )
        return there


@dataclass(slots=True)
class Rows:
    """Some rows of a file.

    Attributes:
        articles: Those that can be read, with the columns of `ARTICLES`.
        numbers: Their numbers in the file, from 1.
        problems: Numbers of the others, each with its id if it has one, and why.
    """

    articles: pa.RecordBatch
    numbers: list[int]
    problems: list[tuple[int, str | None, str]] = field(default_factory=list)


def only_problems(problems: list[tuple[int, str | None, str]]) -> Rows:
    """Rows of which none can be read."""
    return Rows(pa.RecordBatch.from_pylist([], ARTICLES), [], problems)


def unreadable(number: int, why: str) -> Rows:
    """What is left of a file that cannot be read from a row on, told as that row."""
    return only_problems([(number, None, why)])


def made_up(file: File, number: int) -> str:
    """The id of a row that has none."""
    return f"{file.name}#{number}"


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one file that follow each other.

    Attributes:
        file: The file.
        n_bytes: How much of it, as it lies there.
        first: The number of the first row.
        span: Which bytes of JSON lines, or which row groups; None for the whole file.
        content: Rows, or lines, where they are sent along.
    """

    file: File
    n_bytes: int
    first: int = 1
    span: tuple[int, int] | None = None
    content: Rows | bytes | None = None
