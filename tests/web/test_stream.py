"""JSON lines in, JSON lines out."""

import gzip
import io
import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service import json_lines
from service.tagging.tagger import Tagger
from service.web import bodies, stream
from service.web.app import create_app
from service.web.settings import Settings
from tests.web.asking import MAX_BODY_BYTES, assert_problem

LINES = "application/x-ndjson"
PACKED = {"Content-Encoding": "gzip"}
GOOD = '{"id": "a", "text": "قطعی برق"}'.encode()


def post(
    client: FlaskClient,
    body: bytes,
    query: str = "",
    headers: dict[str, str] | None = None,
    content_type: str = LINES,
) -> TestResponse:
    return client.post(
        f"/v1/classify/stream?{query}",
        data=body,
        content_type=content_type,
        headers=headers,
        buffered=True,
    )


def answered(answer: TestResponse) -> list[dict[str, Any]]:
    assert answer.status_code == 200
    assert answer.content_type == LINES
    assert answer.headers["X-Request-ID"]
    assert answer.data == b"" or answer.data.endswith(b"\n")
    return [json.loads(line) for line in answer.data.splitlines()]


def test_lines_are_answered_in_order_as_one_by_one(client: FlaskClient) -> None:
    texts = ["قطعی برق", "صادرات", "تحریم تازه"]
    body = "\n".join(
        json.dumps({"id": place, "text": text}) for place, text in enumerate(texts)
    )
    alone = [
        client.post("/v1/classify", json={"text": text}).json or {} for text in texts
    ]
    assert answered(post(client, body.encode())) == [
        {"id": place, **one} for place, one in enumerate(alone)
    ]


def test_bad_line_is_told_with_its_number(client: FlaskClient) -> None:
    body = GOOD + b'\n{"id": 7}\n\nx\n' + GOOD
    first, unfit, blank, malformed, last = answered(post(client, body))
    assert first["topics"] == last["topics"]
    assert (unfit["line"], unfit["id"], unfit["problem"]["field"]) == (2, 7, "text")
    assert (blank["line"], blank["problem"]["status"]) == (3, 400)
    assert (malformed["line"], malformed["problem"]["status"]) == (4, 400)
    assert "line" not in last


@pytest.mark.parametrize(
    "line",
    [
        b"[" * 10_000 + b"]" * 10_000,
        b'{"x": ' * 10_000,
        rb'{"text": "\ud800"}',
        b'{"text": "\xff"}',
        b'{"text": "\0"}',
        rb'{"text": "\u0000"}',
        b'{"text": "a", "text": 5}',
        b'{"id": 1e999, "text": "a"}',
        b'{"text": "<p>a</p>"}',
        b'{"text": "a", "url": "b"}',
        b"null",
    ],
)
def test_no_line_stops_the_stream(client: FlaskClient, line: bytes) -> None:
    first, bad, last = answered(post(client, GOOD + b"\n" + line + b"\n" + GOOD))
    assert "topics" in first
    assert 400 <= bad["problem"]["status"] < 500
    assert "topics" in last


@pytest.mark.parametrize(
    ("body", "lines"),
    [
        (b"", 0),
        (GOOD, 1),
        (GOOD + b"\n", 1),
        (GOOD + b"\r\n" + GOOD + b"\r\n", 2),
        (b"\xef\xbb\xbf" + GOOD, 1),
    ],
    ids=["empty", "without a last line feed", "one", "CRLF", "byte-order mark"],
)
def test_forms_of_stream(client: FlaskClient, body: bytes, lines: int) -> None:
    answers = answered(post(client, body))
    assert len(answers) == lines
    assert all("topics" in one for one in answers)


def test_line_has_what_the_command_line_prints(tagger: Tagger) -> None:
    client = create_app(lambda: tagger, Settings()).test_client()
    body = GOOD + b'\n{"id": 1.50, "title": "\xd8\xa8", "text": "a"}'
    for line, full in zip(body.splitlines(), answered(post(client, body)), strict=True):
        brief = json.loads(json_lines.answer(tagger, line))
        for topic, of_stream in zip(brief["topics"], full["topics"], strict=True):
            assert topic.items() <= of_stream.items()
        assert (brief["id"], brief["model"]) == (full["id"], full["model"])


@pytest.mark.parametrize(
    ("query", "topics"),
    [
        ("limit=1", ["energy"]),
        ("limit=2.0", ["energy", "trade"]),
        ("limit=2&limit=1", ["energy"]),
        ("topics.include=trade,energy", ["energy", "trade"]),
        ("topics.include=trade&topics.include=energy", ["energy"]),
        ("topics.exclude=energy", ["trade", "sanctions"]),
        ("topics.include=energy&topics.exclude=energy", []),
    ],
)
def test_query_chooses_topics(
    client: FlaskClient, query: str, topics: list[str]
) -> None:
    (answer,) = answered(post(client, GOOD, query))
    assert [topic["id"] for topic in answer["topics"]] == topics


def test_query_says_how_to_tag(client: FlaskClient) -> None:
    query = "explain=true&prefer=recall&thresholds.energy=0.95"
    (answer,) = answered(post(client, GOOD, query))
    energy, trade, _ = answer["topics"]
    assert energy["evidence"][0]["text"] == "برق"
    assert energy["threshold"] == 0.95
    assert energy["assigned"] is False
    assert trade["threshold"] == 0.04


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("explian=true", "explian"),
        ("explain=1", "explain"),
        ("explain=", "explain"),
        ("limit=0", "limit"),
        ("limit=1.5", "limit"),
        ("limit=1e999", "limit"),
        ("limit=null", "limit"),
        ("limit=" + "9" * 3000, "limit"),
        ("prefer=speed", "prefer"),
        ("topics=trade", "topics"),
        ("topics=trade&topics.include=trade", "topics"),
        ("topics.include=sport", "topics.include"),
        ("topics.exclude=", "topics.exclude"),
        ("topics.only=trade", "topics.only"),
        ("thresholds=1", "thresholds"),
        ("thresholds.trade=2", "thresholds.trade"),
        ("thresholds.trade=high", "thresholds"),
        ("thresholds.sport=0.5", "thresholds.sport"),
    ],
)
def test_unfit_query(client: FlaskClient, query: str, field: str) -> None:
    assert assert_problem(post(client, GOOD, query), 422)["field"] == field


@pytest.mark.parametrize(
    ("query", "detail"),
    [
        ("limit=null", "limit must be a whole number from 1 where it is given."),
        ("prefer=null", "prefer must be precision or recall where it is given."),
        ("topics=trade", "topics are given as topics.include, topics.exclude or both"),
        ("thresholds=1", "thresholds are given as thresholds.ID, each a number from"),
    ],
)
def test_cure_of_a_query_is_for_queries(
    client: FlaskClient, query: str, detail: str
) -> None:
    assert post(client, GOOD, query).json["detail"].startswith(detail)


def test_packed_stream(client: FlaskClient) -> None:
    members = gzip.compress(GOOD + b"\n") + gzip.compress(GOOD)
    assert len(answered(post(client, members, headers=PACKED))) == 2


def test_what_is_wrong_before_the_first_line_is_told_by_the_status(
    client: FlaskClient,
) -> None:
    assert_problem(post(client, GOOD, headers=PACKED), 400)
    assert_problem(post(client, GOOD, content_type="application/json"), 415)
    assert_problem(post(client, GOOD, content_type="text/plain"), 415)


def test_gzip_that_breaks_off_is_told_in_the_last_line(client: FlaskClient) -> None:
    packed = gzip.compress((GOOD + b"\n") * 20_000)[:-8]
    *lines, last = answered(post(client, packed, headers=PACKED))
    assert len(lines) == 20_000
    assert last["line"] == 20_001
    assert last["id"] is None
    assert "breaks off" in last["problem"]["detail"]


def test_overlong_line_is_passed_over(client: FlaskClient) -> None:
    longest = b'{"text": "%s"}' % (b"a" * (MAX_BODY_BYTES - 12))
    assert len(longest) == MAX_BODY_BYTES
    body = b"\n".join([longest, longest + b" ", GOOD])
    at_limit, too_long, last = answered(post(client, body))
    assert "topics" in at_limit
    assert (too_long["line"], too_long["problem"]["status"]) == (2, 413)
    assert "topics" in last


def test_bomb_is_refused_early(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "UNPACKED_BYTES", 1024 * 1024)
    bomb = gzip.compress(b"\n" + b" " * (32 * 1024 * 1024))
    tracemalloc.start()
    *_, last = answered(post(client, bomb, headers=PACKED))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert last["problem"]["status"] == 413
    assert "100 times" in last["problem"]["detail"]
    assert peak < 4 * 1024 * 1024


def test_news_that_packs_well_is_no_bomb(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bodies, "UNPACKED_BYTES", 1024)
    packed = gzip.compress(
        b"".join(b'{"id": %d, "text": "a"}\n' % i for i in range(500))
    )
    assert len(answered(post(client, packed, headers=PACKED))) == 500


def test_broken_body_is_told_after_what_was_answered(client: FlaskClient) -> None:
    answer = client.post(
        "/v1/classify/stream",
        content_type=LINES,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={
            "wsgi.input": Sending([GOOD + b"\n", OSError("SECRET")]),
            "wsgi.input_terminated": True,
        },
        buffered=True,
    )
    first, last = answered(answer)
    assert "topics" in first
    assert last["problem"]["status"] == 400
    assert "SECRET" not in answer.text


def test_slow_body_is_told_so(client: FlaskClient) -> None:
    answer = client.post(
        "/v1/classify/stream",
        content_type=LINES,
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={
            "wsgi.input": Sending([TimeoutError("slow")]),
            "wsgi.input_terminated": True,
        },
    )
    assert_problem(answer, 408)


class Sending(io.RawIOBase):
    """A client that sends pieces, and an error after them."""

    def __init__(self, pieces: list[bytes | Exception]) -> None:
        self.pieces = pieces

    def readinto(self, buffer: bytearray) -> int:
        if not self.pieces:
            return 0
        piece = self.pieces.pop(0)
        if isinstance(piece, Exception):
            raise piece
        buffer[: len(piece)] = piece
        return len(piece)


class TestSplit:
    @pytest.mark.parametrize("size", [1, 2, 3, 7, 100])
    def test_pieces_of_any_size_make_the_same_lines(self, size: int) -> None:
        body = b"one\n\nthree\nfour and more\nfive"
        pieces = [body[at : at + size] for at in range(0, len(body), size)]
        lines = [line for ended in stream.split(pieces, 6) for line in ended]
        assert lines == [b"one", b"", b"three", None, b"five"]

    def test_line_is_there_once_its_end_has_come(self) -> None:
        def pieces() -> Iterator[bytes]:
            yield b"one\ntw"
            assert taken == [[b"one"]]
            yield b"o\n"

        taken: list[list[bytes | None]] = []
        lines = stream.split(pieces(), 9)
        taken.append(next(lines))
        assert next(lines) == [b"two"]

    def test_memory_is_of_the_longest_line_alone(self) -> None:
        tracemalloc.start()
        count = 0
        for ended in stream.split((b"a" * 1000 for _ in range(50_000)), 10_000):
            count += len(ended)
        _, peak = tracemalloc.get_traced_memory()
        tracemalloc.stop()
        assert count == 1
        assert peak < 2_000_000
