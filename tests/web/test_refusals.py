"""Every bad request has its status, its field and the one shape of problem."""

import io
from collections.abc import Iterator

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.asking import MAX_BODY_BYTES, Post, assert_problem

DEEP = 10_000
NESTED = b"[" * DEEP + b"]" * DEEP
UNTERMINATED = b'{"a":' * DEEP

MALFORMED = {
    "empty": b"",
    "spaces": b" \n",
    "broken off": b'{"text": "a"',
    "not JSON": b"text=a",
    "raw newline in a string": b'{"text": "a\nb"}',
    "raw NUL": b'{"text": "a\0b"}',
    "after the end": b'{"text": "a"} x',
    "invalid UTF-8": b'{"text": "\xff\xfe"}',
    "invalid UTF-8 in a key": b'{"te\xffxt": "a"}',
    "surrogate as UTF-8": b'{"text": "\xed\xa0\x80"}',
    "lone surrogate": rb'{"text": "\ud800"}',
    "lone surrogate inside": rb'{"text": "a \ud800 b and more"}',
    "low surrogate first": rb'{"text": "\udc00 and more of it"}',
    "byte-order mark": b'\xef\xbb\xbf{"text": "a"}',
    "UTF-16": '{"text": "a"}'.encode("utf-16"),
    "NaN": b'{"text": NaN}',
}

UNFIT = {
    "array": (b'["a"]', None),
    "null": (b"null", None),
    "string": (b'"text"', None),
    "number": (b"1e999999", None),
    "no text": (b"{}", "text"),
    "only a title": (b'{"title": "a"}', "text"),
    "text null": (b'{"text": null}', "text"),
    "text number": (b'{"text": 5}', "text"),
    "text array": (b'{"text": ["a"]}', "text"),
    "text blank": (b'{"text": ""}', "text"),
    "text whitespace": ('{"text": " \\n\\t\u00a0\u2003"}'.encode(), "text"),
    "text NUL": (rb'{"text": "a\u0000b"}', "text"),
    "title NUL": (rb'{"text": "a", "title": "\u0000"}', "title"),
    "title null": (b'{"text": "a", "title": null}', "title"),
    "title object": (b'{"text": "a", "title": {}}', "title"),
    "explain string": (b'{"text": "a", "explain": "yes"}', "explain"),
    "explain number": (b'{"text": "a", "explain": 1}', "explain"),
    "explain huge number": (b'{"text": "a", "explain": 1e999999}', "explain"),
    "prefer unknown": (b'{"text": "a", "prefer": "speed"}', "prefer"),
    "prefer true": (b'{"text": "a", "prefer": true}', "prefer"),
    "prefer array": (b'{"text": "a", "prefer": ["recall"]}', "prefer"),
    "thresholds null": (b'{"text": "a", "thresholds": null}', "thresholds"),
    "thresholds number": (b'{"text": "a", "thresholds": 0.5}', "thresholds"),
    "threshold string": (b'{"text": "a", "thresholds": {"a": "1"}}', "thresholds"),
    "threshold null": (b'{"text": "a", "thresholds": {"a": null}}', "thresholds"),
    "threshold true": (b'{"text": "a", "thresholds": {"a": true}}', "thresholds"),
    "threshold huge": (b'{"text": "a", "thresholds": {"a": 1e999}}', "thresholds"),
    "threshold above 1": (
        b'{"text": "a", "thresholds": {"energy": 0.2, "trade": 1.01}}',
        "thresholds.trade",
    ),
    "threshold below 0": (
        b'{"text": "a", "thresholds": {"trade": -1e-9}}',
        "thresholds.trade",
    ),
    "threshold in percent": (
        b'{"text": "a", "thresholds": {"trade": 50}}',
        "thresholds.trade",
    ),
    "threshold of no topic": (
        b'{"text": "a", "thresholds": {"sport": 0.5}}',
        "thresholds.sport",
    ),
    "threshold of a name": (
        '{"text": "a", "thresholds": {"تجارت": 0.5}}'.encode(),
        "thresholds.تجارت",
    ),
    "threshold of empty name": (
        b'{"text": "a", "thresholds": {"": 0.5}}',
        "thresholds.",
    ),
    "threshold of long name": (
        b'{"text": "a", "thresholds": {"' + b"a" * 5000 + b'": 1}}',
        "thresholds." + "a" * 80,
    ),
    "topics array": (b'{"text": "a", "topics": ["trade"]}', "topics"),
    "topics unknown": (
        b'{"text": "a", "topics": {"include": ["sport"]}}',
        "topics.include",
    ),
    "topics number": (b'{"text": "a", "topics": {"exclude": [5]}}', "topics.exclude"),
    "topics none": (b'{"text": "a", "topics": {"include": []}}', "topics.include"),
    "topics other": (b'{"text": "a", "topics": {"only": []}}', "topics.only"),
    "limit zero": (b'{"text": "a", "limit": 0}', "limit"),
    "limit half": (b'{"text": "a", "limit": 1.5}', "limit"),
    "limit string": (b'{"text": "a", "limit": "1"}', "limit"),
    "limit true": (b'{"text": "a", "limit": true}', "limit"),
    "limit huge": (b'{"text": "a", "limit": 1e999}', "limit"),
    "limit of many digits": (b'{"text": "a", "limit": ' + b"9" * 5000 + b"}", "limit"),
    "text HTML": (b'{"text": "<p>a</p>"}', "text"),
    "title HTML": (b'{"text": "a", "title": "<b>a</b>"}', "title"),
    "unknown field": (b'{"text": "a", "body": "b"}', "body"),
    "unknown Persian field": ('{"text": "a", "متن": "b"}'.encode(), "متن"),
    "empty field name": (b'{"text": "a", "": 1}', ""),
    "field name of lines": (b'{"a\\nb` - at `$.c": 1}', "a\nb` - at `$.c"),
    "long field name": (b'{"' + b"a" * 5000 + b'": 1}', "a" * 80),
    "deep array": (NESTED, None),
    "deep text": (b'{"text": ' + NESTED + b"}", "text"),
    "deep title": (b'{"title": ' + NESTED + b', "text": "a"}', "title"),
    "deep explain": (b'{"explain": ' + NESTED + b', "text": "a"}', "explain"),
    "deep prefer": (b'{"prefer": ' + NESTED + b', "text": "a"}', "prefer"),
    "deep thresholds": (b'{"thresholds": ' + NESTED + b"}", "thresholds"),
    "deep threshold": (b'{"thresholds": {"a": ' + NESTED + b"}}", "thresholds"),
    "deep unknown": (b'{"x": ' + NESTED + b', "text": "a"}', "x"),
    "deep objects": (UNTERMINATED, "a"),
}


@pytest.mark.parametrize("body", MALFORMED.values(), ids=MALFORMED)
def test_malformed_body(classify: Post, body: bytes) -> None:
    assert "field" not in assert_problem(classify(body), 400)


@pytest.mark.parametrize(("body", "field"), UNFIT.values(), ids=UNFIT)
def test_unfit_body(classify: Post, body: bytes, field: str | None) -> None:
    problem = assert_problem(classify(body), 422)
    assert problem.get("field") == field


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "The body is empty"),
        (b'\xef\xbb\xbf{"text": "a"}', "byte-order mark"),
        (b'{"text": "\xff"}', "not UTF-8"),
        (rb'{"text": "\ud800 abcdefgh"}', "surrogate"),
        (b'{"text": 5}', "Expected str, got int. text must be a string"),
        (b'{"text": " "}', "text is blank"),
        (
            b'{"text": "a", "x": 1}',
            "are text, title, explain, prefer, thresholds, topics, limit.",
        ),
        (b'{"text": "a", "prefer": "x"}', '"precision", "recall" or null'),
        (
            b'{"text": "a", "thresholds": {"x": 1}}',
            "the topics are trade, energy, sanctions.",
        ),
        (
            b'{"text": "a", "thresholds": {"trade": 2}}',
            "thresholds.trade must be a number from 0 to 1.",
        ),
        (
            b'{"text": "<p class=x>a</p>"}',
            "text is HTML (it has <p> in it); send plain text",
        ),
    ],
)
def test_detail_says_what_is_wrong(classify: Post, body: bytes, words: str) -> None:
    assert words in classify(body).json["detail"]


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/classify/batch"])
def test_query_is_refused_where_options_are_fields(
    client: FlaskClient, path: str
) -> None:
    answer = client.post(f"{path}?explain=true&limit=1", json={"text": "a"})
    problem = assert_problem(answer, 422)
    assert problem["field"] == "explain"
    assert "fields of the JSON body" in problem["detail"]


def test_article_is_never_quoted(classify: Post) -> None:
    for body in (
        b'{"text": "SECRET" x',
        b'{"text": "SECRET\xff"}',
        b'["SECRET"]',
        b'{"text": "a", "prefer": "SECRET"}',
        b'{"text": "<p title=SECRET>SECRET</p>"}',
    ):
        assert "SECRET" not in classify(body).text


@pytest.mark.parametrize(
    "content_type",
    [
        "",
        "text/plain",
        "text/html; charset=utf-8",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/json; charset=windows-1256",
        "nonsense",
    ],
)
def test_only_json_is_read(classify: Post, content_type: str) -> None:
    assert_problem(classify(b'{"text": "a"}', content_type), 415)


def test_compressed_body_is_refused(classify: Post) -> None:
    answer = classify(b'{"text": "a"}', headers={"Content-Encoding": "gzip"})
    assert_problem(answer, 415)


def article_of(size: int) -> bytes:
    frame = b'{"text": ""}'
    return frame[:-2] + b"a" * (size - len(frame)) + frame[-2:]


def test_body_at_the_limit_is_read(classify: Post) -> None:
    assert classify(article_of(MAX_BODY_BYTES)).status_code == 200


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 20 * 1024 * 1024])
def test_large_body(classify: Post, size: int) -> None:
    problem = assert_problem(classify(article_of(size)), 413)
    assert str(MAX_BODY_BYTES) in problem["detail"]


def post_chunked(client: FlaskClient, stream: io.IOBase) -> TestResponse:
    """Post as a server does that has decoded a chunked body: without a length."""
    return client.post(
        "/v1/classify",
        content_type="application/json",
        headers={"Transfer-Encoding": "chunked"},
        environ_overrides={"wsgi.input": stream, "wsgi.input_terminated": True},
    )


def test_chunked_body_is_read(client: FlaskClient) -> None:
    answer = post_chunked(client, io.BytesIO(article_of(MAX_BODY_BYTES)))
    assert answer.status_code == 200


@pytest.mark.parametrize("size", [MAX_BODY_BYTES + 1, 20 * 1024 * 1024])
def test_large_chunked_body_is_refused(client: FlaskClient, size: int) -> None:
    stream = io.BytesIO(article_of(size))
    assert_problem(post_chunked(client, stream), 413)


class Broken(io.RawIOBase):
    """A server's stream that breaks off or meets a malformed chunk."""

    def __init__(self, error: Exception) -> None:
        self.error = error

    def readinto(self, _buffer: bytearray) -> int:
        raise self.error


@pytest.mark.parametrize("error", [LookupError("SECRET"), OSError("SECRET")])
def test_broken_body(client: FlaskClient, error: Exception) -> None:
    answer = post_chunked(client, Broken(error))
    assert_problem(answer, 400)
    assert "SECRET" not in answer.text
    assert "could not be read to its end" in answer.text


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [
        ("GET", "/v1/classify", {"POST", "OPTIONS"}),
        ("PUT", "/v1/classify", {"POST", "OPTIONS"}),
        ("DELETE", "/v1/topics", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/v1/model", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/", {"GET", "HEAD", "OPTIONS"}),
        ("POST", "/healthz", {"GET", "HEAD", "OPTIONS"}),
        ("NONSENSE", "/v1/classify", {"POST", "OPTIONS"}),
    ],
)
def test_wrong_method(
    client: FlaskClient, method: str, path: str, allow: set[str]
) -> None:
    answer = client.open(path, method=method)
    assert_problem(answer, 405)
    assert set(answer.headers["Allow"].split(", ")) == allow


@pytest.mark.parametrize(
    "path",
    [
        "/nothing",
        "/v1",
        "/v1/",
        "/v1/classify/",
        "/v2/classify",
        "/static/nothing.js",
        "/static/../app.py",
        "/static/%2e%2e/app.py",
        "/static/",
        "/static/%00",
        "/%00",
        "/%ff",
        "/برچسب",
        "/" + "a" * 3000,
    ],
)
def test_unknown_path(client: FlaskClient, path: str) -> None:
    assert_problem(client.get(path), 404)


@pytest.mark.parametrize("path", ["//v1/topics", "///v1/topics", "/v1//topics"])
def test_doubled_slash(client: FlaskClient, path: str) -> None:
    # The test client would read two slashes as the beginning of a host.
    answer = client.get("/", environ_overrides={"PATH_INFO": path})
    assert_problem(answer, 404)


@pytest.fixture
def failing(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> FlaskClient:
    def fail(*_: object, **__: object) -> Iterator[None]:
        message = "could not tag SECRET TEXT"
        raise RuntimeError(message)

    monkeypatch.setattr("tests.web.fake_tagger.FakeTagger.tag_one", fail)
    return client


def test_failure_never_tells_the_article(
    failing: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    answer = failing.post(
        "/v1/classify", json={"text": "SECRET"}, headers={"X-Request-ID": "desk-7"}
    )
    problem = assert_problem(answer, 500)
    assert "SECRET" not in answer.text
    assert "X-Request-ID" in problem["detail"]
    assert "SECRET" not in caplog.text
    assert "desk-7 failed: RuntimeError at " in caplog.text
    assert "api.py" in caplog.text
