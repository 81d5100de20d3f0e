"""Archives of JSON lines, plain or packed."""

import io
from collections.abc import Iterator
from operator import attrgetter
from typing import Any

import msgspec
import pyarrow as pa

from service import json_lines
from service.archive.batch import ARTICLES
from service.archive.files import File, Source, Unpacked
from service.archive.rows import (
    MOST_SENT,
    Columns,
    Part,
    Rows,
    made_up,
    only_problems,
    unreadable,
)
from service.json_lines import UnusableError
from service.tag_files import Lines

_BATCH_ROWS = 256
_BLOCK = 1 << 20  # bytes
_LOOKED_AT = 100  # lines, for the keys that they have
_MARK = b"\xef\xbb\xbf"  # of byte order
_NULL = msgspec.Raw(b"null")
_BAD_JSON = (msgspec.DecodeError, UnicodeDecodeError, RecursionError)
_scalar = msgspec.json.Decoder(str | int | float | bool | None)


def columns_of(file: File) -> list[str]:
    """The keys of the objects in the first lines; empty where none is readable."""
    keys: dict[str, None] = {}
    with Source(file.url) as source:
        lines = Lines(io.BufferedReader(Unpacked(source)))
        block = next(_blocks(lines, 1), b"")
    for line in block.splitlines()[:_LOOKED_AT]:
        try:
            entry = msgspec.json.decode(line, type=dict[str, msgspec.Raw])
        except _BAD_JSON:
            continue
        keys |= dict.fromkeys(entry)
    return list(keys)


def cut(file: File, _: Columns, size: int) -> Iterator[Part]:
    """Parts of a large file: ranges of its bytes or, where it is packed, its lines.

    It is read once for this, as only so it is known where lines begin, and which.
    """
    with Source(file.url) as source:
        content = Unpacked(source)
        start = len(_MARK) if content.beginning.startswith(_MARK) else 0
        lines = Lines(io.BufferedReader(content))
        first, place = 1, 0  # the next row, and up to where parts are
        least = min(size, MOST_SENT) if content.is_packed else size
        for block in _blocks(lines, least):
            if content.is_packed:
                end = source.tell()
                yield Part(file, end - place, first, content=block)
            else:
                end = start + len(block)
                yield Part(file, end - place, first, span=(start, end))
                start = end
            first += len(_lines(block))
            place = end
        if lines.problem:
            yield Part(file, 0, first, content=unreadable(first, lines.problem))


def rows(part: Part, columns: Columns) -> Iterator[Rows]:
    """The rows of a part, some at a time."""
    reader = _Reader(part.file, columns)
    if isinstance(part.content, bytes):
        yield from reader.rows(part.content, part.first)
        return
    with Source(part.file.url, *(part.span or ())) as source:
        content = source if part.span else Unpacked(source)
        lines = Lines(io.BufferedReader(content), amid=part.span is not None)
        first = part.first
        for block in _blocks(lines, _BLOCK):
            yield from reader.rows(block, first)
            first += len(_lines(block))
        if part.span and lines.n_read < part.span[1] - part.span[0]:
            lines.stop("it has become shorter")
        if lines.problem:
            yield unreadable(first, lines.problem)


def _blocks(lines: Lines, size: int) -> Iterator[bytes]:
    """All lines, at least so many bytes of them at a time."""
    held: list[bytes] = []
    n_held = 0
    while not lines.ended:
        lines.read()
        held.append(lines.take())
        n_held += len(held[-1])
        if n_held and (n_held >= size or lines.ended):
            yield b"".join(held)
            held.clear()
            n_held = 0


def _lines(block: bytes) -> list[bytes]:
    return block.removesuffix(b"\n").split(b"\n")


class _Reader:
    """Reads lines of a file as rows."""

    def __init__(self, file: File, columns: Columns) -> None:
        fields: list[tuple[Any, ...]] = [
            ("text", str),
            ("title", str | None, None),
            ("id", msgspec.Raw, _NULL),
        ]
        names = {
            "text": columns.text or "text",
            "title": columns.title or "title",
            "id": columns.id or "id",
        }
        # A column may be meant twice, as the title that is the id as well.
        held = {name: what for what, name in reversed(names.items())}
        line = msgspec.defstruct(
            "ArticleLine",
            [field for field in fields if field[0] in held.values()],
            rename={what: name for name, what in held.items()},
            gc=False,
        )
        self._decoder: msgspec.json.Decoder[Any] = msgspec.json.Decoder(line)
        self._parts = attrgetter(*(held[name] for name in names.values()))
        self._file = file

    def rows(self, block: bytes, first: int) -> Iterator[Rows]:
        """Lines as rows; one that is no article is a problem."""
        lines = _lines(block)
        for place in range(0, len(lines), _BATCH_ROWS):
            yield self._rows(lines[place : place + _BATCH_ROWS], first + place)

    def _rows(self, lines: list[bytes], first: int) -> Rows:
        found: list[tuple[str, str | None, str]] = []
        numbers: list[int] = []
        problems: list[tuple[int, str | None, str]] = []
        for number, line in enumerate(lines, first):
            try:
                text, title, raw = self._parts(self._decoder.decode(line))
                identity = _identity(raw) or made_up(self._file, number)
            except _BAD_JSON as error:
                problems.append((number, None, json_lines.reason_of(line, error)))
            except UnusableError as error:
                problems.append((number, None, str(error)))
            else:
                found.append((identity, title, text))
                numbers.append(number)
        if not found:
            return only_problems(problems)
        columns = [pa.array(column, pa.string()) for column in zip(*found, strict=True)]
        return Rows(pa.record_batch(columns, schema=ARTICLES), numbers, problems)


def _identity(raw: msgspec.Raw | str | None) -> str | None:
    """An id as text: a string's own letters, else how it is written."""
    if not isinstance(raw, msgspec.Raw):
        return raw
    try:
        found = _scalar.decode(raw)
    except msgspec.DecodeError as error:
        raise UnusableError(json_lines.NO_SCALAR) from error
    return found if found is None or isinstance(found, str) else bytes(raw).decode()
