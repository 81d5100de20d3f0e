"""JSON lines in, JSON lines out: each answered as it comes, none kept."""

from collections.abc import Iterable, Iterator

from werkzeug.exceptions import HTTPException, RequestEntityTooLarge

from service.web.answering import Answering, refusal
from service.web.decoding import Options

_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def answer_lines(
    pieces: Iterable[bytes], answering: Answering, options: Options, longest: int
) -> Iterator[bytes]:
    """Answer a stream's lines, in order: all that came in a piece in one piece.

    A body that cannot be read on is told in the last line.

    Args:
        pieces: The stream, unpacked.
        answering: What answers an article.
        options: How to tag all of them.
        longest: How many bytes a line may have.
    """
    number = 0
    try:
        for lines in split(pieces, longest):
            answers = bytearray()
            for number, line in enumerate(lines, number + 1):  # noqa: B020 - goes on
                answers += _answer(line, number, answering, options, longest)
            if answers:
                yield bytes(answers)
    except HTTPException as error:
        if not number:
            raise  # nothing is answered yet, so the status can tell it
        yield answering.encode(refusal(error, line=number + 1))


def split(pieces: Iterable[bytes], longest: int) -> Iterator[list[bytes | None]]:
    """The lines that each piece brings to their end, None for one that is too long."""
    line = bytearray()
    overlong = False
    for piece in pieces:
        ended: list[bytes | None] = []
        for place, part in enumerate(piece.split(b"\n")):
            if place:
                ended.append(None if overlong else bytes(line))
                line.clear()
                overlong = False
            overlong = overlong or len(line) + len(part) > longest
            if overlong:
                line.clear()
            else:
                line += part
        yield ended
    if line or overlong:
        yield [None if overlong else bytes(line)]


def _answer(
    line: bytes | None,
    number: int,
    answering: Answering,
    options: Options,
    longest: int,
) -> bytes:
    if line is None:
        error = RequestEntityTooLarge(
            f"The line is longer than {longest} bytes; send less text."
        )
        return answering.encode(refusal(error, line=number))
    if number == 1:
        line = line.removeprefix(_BYTE_ORDER_MARK)
    return answering.encode(answering.article(line, options, line=number))
