"""Real examples for the API's description: what the live tagger answers."""

from typing import Any

import msgspec
from werkzeug.exceptions import HTTPException

from service.tagging.tagger import Article, Tagger
from service.web import decoding
from service.web.answering import refusal, topics_of
from service.web.decoding import Options
from service.web.payloads import (
    ArticleAnswer,
    ArticleRefusal,
    BatchAnswer,
    ClassifyAnswer,
    ModelAnswer,
    TopicsAnswer,
    encode,
)

ARTICLE = {
    "title": "صادرات گاز به ترکیه از سر گرفته شد",
    "text": (
        "شرکت ملی گاز گفت پس از تعمیر خط لوله، صادرات گاز به ترکیه از بامداد امروز از "
        "سر گرفته شده است."
    ),
}
ARTICLES = [{"id": "feed-17", **ARTICLE}, {"id": "feed-18", "text": ""}]
OPTIONS = {"explain": True, "limit": 2}


def examples(tagger: Tagger) -> dict[str, Any]:
    """Requests and their answers, by the name of their schema or media type."""
    model = tagger.model
    asked = {**ARTICLE, **OPTIONS}
    options = msgspec.convert(OPTIONS, Options)
    article = Article(**ARTICLE)
    tagged = tagger.tag_one(article, options)
    unexplained = tagger.tag_one(article)
    topics = topics_of(tagged, options)
    brief = Options(limit=1)
    batch = BatchAnswer(
        model.version,
        [
            ArticleAnswer(
                msgspec.Raw(b'"feed-17"'),
                model.version,
                tagged.language,
                topics_of(unexplained, brief),
            ),
            _refused(ARTICLES[1]),
        ],
    )
    lines = [_json(one) for one in batch.articles]
    lines[1]["line"] = 2
    return {
        "ClassifyRequest": asked,
        "ClassifyAnswer": _json(ClassifyAnswer(model.version, tagged.language, topics)),
        "BatchRequest": {"articles": ARTICLES, "limit": 1},
        "BatchAnswer": _json(batch),
        "lines": _lines(ARTICLES),
        "answered lines": _lines(lines),
        "TopicsAnswer": _json(TopicsAnswer.of(model)),
        "ModelAnswer": _json(ModelAnswer.of(model)),
        "Problem": lines[1]["problem"],
    }


def _refused(article: dict[str, str]) -> ArticleRefusal:
    content = msgspec.json.encode(article)
    try:
        decoding.decode_article(content)
    except HTTPException as error:
        return refusal(error, decoding.find_id(content))
    raise AssertionError


def _json(payload: object) -> Any:  # noqa: ANN401 - JSON
    return msgspec.json.decode(encode(payload))


def _lines(payloads: list[Any]) -> str:
    return "".join(f"{msgspec.json.encode(one).decode()}\n" for one in payloads)
