"""Many articles at once: each answered or refused in its place."""

import gzip
import json

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.settings import Settings
from tests.web.asking import assert_problem
from tests.web.fake_tagger import FakeTagger

JSON = "application/json"
GOOD = {"id": "a", "text": "قطعی برق"}


def post(
    client: FlaskClient, body: bytes | dict[str, object], **headers: str
) -> TestResponse:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return client.post(
        "/v1/classify/batch", data=content, content_type=JSON, headers=headers
    )


def bounded(**settings: int) -> FlaskClient:
    tagger = FakeTagger()
    return create_app(lambda: tagger, Settings(**settings)).test_client()  # type: ignore[arg-type, return-value]  # a fake


def test_articles_are_answered_in_order_as_one_by_one(client: FlaskClient) -> None:
    texts = ["قطعی برق", "صادرات", "تحریم تازه"]
    articles = [{"id": place, "text": text} for place, text in enumerate(texts)]
    answer = post(client, {"articles": articles}).json
    assert answer is not None
    assert answer["model"] == "0123456789abcdef"
    alone = [
        client.post("/v1/classify", json={"text": text}).json or {} for text in texts
    ]
    assert answer["articles"] == [
        {"id": place, **one} for place, one in enumerate(alone)
    ]


def test_bad_article_gets_a_problem_and_the_others_are_tagged(
    client: FlaskClient,
) -> None:
    articles = [GOOD, {"id": 7, "text": " "}, GOOD, {"id": [], "text": "a"}, 5]
    answers = (post(client, {"articles": articles}).json or {})["articles"]
    assert [one["id"] for one in answers] == ["a", 7, "a", None, None]
    assert "topics" in answers[0]
    assert "topics" in answers[2]
    assert "topics" not in answers[1]
    problem = answers[1]["problem"]
    assert set(problem) == {"type", "title", "status", "detail", "field"}
    assert problem["status"] == 422
    assert problem["field"] == "text"
    assert answers[3]["problem"]["field"] == "id"
    assert "field" not in answers[4]["problem"]


@pytest.mark.parametrize(
    ("article", "status", "words"),
    [
        (rb'{"id": 1, "text": "\ud800"}', 422, "half of a surrogate pair"),
        (b'{"id": 1, "text": "\xff"}', 400, "not UTF-8"),
        (rb'{"id": 1, "text": "a\u0000"}', 422, "NUL"),
        (b'{"id": 1, "text": "<p>a</p>"}', 422, "HTML"),
        (b'{"id": 1, "text": "a", "body": "b"}', 422, "are text, title, id."),
        (b'{"id": 1, "text": "a", "explain": true}', 422, "are text, title, id."),
        (b'{"id": 1, "text": 1e999}', 422, "text must be a string"),
        (b'{"id": 1}', 422, "missing required field text"),
    ],
)
def test_fault_of_one_article_is_its_own(
    client: FlaskClient, article: bytes, status: int, words: str
) -> None:
    body = b'{"articles": [%s, {"id": "b", "text": "a"}]}' % article
    bad, good = (post(client, body).json or {})["articles"]
    assert bad["id"] == 1
    assert bad["problem"]["status"] == status
    assert words in bad["problem"]["detail"]
    assert good["id"] == "b"
    assert good["topics"]


@pytest.mark.parametrize(
    "identity",
    [b'"\\u0634 \\""', b"-1.50", b"12345678901234567890123456789", b"true", b"null"],
)
def test_id_is_answered_letter_for_letter(client: FlaskClient, identity: bytes) -> None:
    body = b'{"articles": [{"id": %s, "text": "a"}, {"id": %s}]}'
    answer = post(client, body % (identity, identity))
    assert answer.data.count(b'{"id":%s,' % identity) == 2


def test_article_without_an_id_has_null(client: FlaskClient) -> None:
    (answer,) = (post(client, {"articles": [{"text": "a"}]}).json or {})["articles"]
    assert answer["id"] is None


def test_options_are_for_every_article(client: FlaskClient) -> None:
    body = {
        "articles": [GOOD, {"text": "صادرات برق"}],
        "explain": True,
        "topics": {"exclude": ["sanctions"]},
        "limit": 1,
        "thresholds": {"energy": 0.95},
    }
    answers = (post(client, body).json or {})["articles"]
    assert [len(one["topics"]) for one in answers] == [1, 1]
    energy = answers[0]["topics"][0]
    assert energy["id"] == "energy"
    assert energy["assigned"] is False
    assert energy["evidence"][0]["text"] == "برق"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        (b"{}", "articles"),
        (b'{"articles": {}}', "articles"),
        (b'{"articles": null}', "articles"),
        (b'{"articles": [], "text": "a"}', "text"),
        (b'{"articles": [], "topics": {"include": []}}', "topics.include"),
        (b'{"articles": [], "topics": {"only": []}}', "topics.only"),
        (b'{"articles": [], "limit": 0}', "limit"),
        (b"[]", None),
        (b'{"articles": [' + b"[" * 10_000 + b"]" * 10_000 + b"]}", None),
    ],
)
def test_unfit_batch(client: FlaskClient, body: bytes, field: str | None) -> None:
    assert assert_problem(post(client, body), 422).get("field") == field


@pytest.mark.parametrize(
    "body", [b"", b'{"articles": [{"id": 1,]}', b'{"articles": [tru]}', b"\xff"]
)
def test_malformed_batch(client: FlaskClient, body: bytes) -> None:
    assert_problem(post(client, body), 400)


def test_empty_batch_is_answered(client: FlaskClient) -> None:
    assert (post(client, {"articles": []}).json or {})["articles"] == []


def test_articles_are_counted() -> None:
    client = bounded(max_batch_articles=3)
    assert post(client, {"articles": [GOOD] * 3}).status_code == 200
    problem = assert_problem(post(client, {"articles": [GOOD] * 4}), 422)
    assert problem["field"] == "articles"
    assert "at most 3" in problem["detail"]


def test_size_has_a_bound_of_its_own() -> None:
    client = bounded(max_batch_bytes=4096, max_body_bytes=1024)
    article = {"text": "a" * 2000}
    assert post(client, {"articles": [article]}).status_code == 200
    assert_problem(post(client, {"articles": [article] * 3}), 413)


def test_packed_batch(client: FlaskClient) -> None:
    body = gzip.compress(json.dumps({"articles": [GOOD]}).encode())
    # Gzip may come in members, one after the other.
    half = gzip.compress(b'{"articles": ') + gzip.compress(b"[]}")
    for packed in (body, half):
        answer = post(client, packed, **{"Content-Encoding": "gzip"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("packed", "words"),
    [
        (b"{}", "not gzip"),
        (gzip.compress(b'{"articles": []}')[:-9], "breaks off"),
        (gzip.compress(b'{"articles": []}') + b"more", "not gzip"),
        (b"", "breaks off"),
    ],
    ids=["JSON", "half", "more", "nothing"],  # gzip notes the time
)
def test_broken_gzip(client: FlaskClient, packed: bytes, words: str) -> None:
    answer = post(client, packed, **{"Content-Encoding": "gzip"})
    assert words in assert_problem(answer, 400)["detail"]


def test_batch_that_unpacks_to_more_is_refused(client: FlaskClient) -> None:
    bomb = gzip.compress(b" " * (17 * 1024 * 1024))
    assert len(bomb) < 32 * 1024
    assert_problem(post(client, bomb, **{"Content-Encoding": "gzip"}), 413)


def test_other_packing_is_refused(client: FlaskClient) -> None:
    assert_problem(post(client, b"", **{"Content-Encoding": "br"}), 415)


@pytest.mark.parametrize("path", ["", "/batch", "/stream"])
def test_packing_is_no_transfer_coding(client: FlaskClient, path: str) -> None:
    answer = client.post(
        f"/v1/classify{path}",
        data=gzip.compress(b"{}"),
        content_type="application/x-ndjson" if path == "/stream" else JSON,
        headers={"Transfer-Encoding": "gzip, chunked"},
    )
    assert_problem(answer, 501)


def test_failure_on_one_article_is_told_there_alone(
    client: FlaskClient,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    tag = FakeTagger.tag_one

    def fail(self: FakeTagger, article: Tagger, wish: object) -> object:
        if "SECRET" in article.text:  # type: ignore[attr-defined]  # an Article
            raise RuntimeError(article.text)  # type: ignore[attr-defined]
        return tag(self, article, wish)  # type: ignore[arg-type]

    monkeypatch.setattr(FakeTagger, "tag_one", fail)
    answer = post(client, {"articles": [{"id": 1, "text": "SECRET"}, GOOD]})
    bad, good = (answer.json or {})["articles"]
    assert bad["id"] == 1
    assert bad["problem"]["status"] == 500
    assert good["topics"]
    assert "SECRET" not in caplog.text
    assert "RuntimeError" in caplog.text
