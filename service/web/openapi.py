"""The API's description in OpenAPI 3.1, from the types that decode and answer."""

import re
from collections.abc import Iterable
from typing import Any

import msgspec

from service.tagging.tagger import Tagger
from service.web import access, bodies
from service.web.admin import ReloadAnswer
from service.web.decoding import (
    ArticleRequest,
    BatchRequest,
    ClassifyRequest,
    Options,
)
from service.web.errors import Problem
from service.web.examples import examples
from service.web.health import Health
from service.web.metrics import CONTENT_TYPE as METRICS
from service.web.payloads import (
    ArticleAnswer,
    ArticleRefusal,
    BatchAnswer,
    ClassifyAnswer,
    ModelAnswer,
    TopicsAnswer,
)
from service.web.settings import Settings

type Json = dict[str, Any]

PROBLEM = "application/problem+json"

_TYPES = (
    *(ClassifyRequest, ClassifyAnswer, BatchRequest, BatchAnswer),
    *(ArticleRequest, ArticleAnswer, ArticleRefusal),
    *(TopicsAnswer, ModelAnswer, ReloadAnswer, Health, Problem),
)
_REF = "#/components/schemas/{name}"
_ATTRIBUTE = re.compile(r"^ {8}(\w+): (.*(?:\n {12}.*)*)", re.M)

_ABOUT = """\
Tags Persian news articles with topics. Errors are problems (RFC 9457) that name the
field and the cure. Bodies are JSON in UTF-8; of a key that comes twice, the last value
counts; unknown fields are refused, and so is any query of an article or a batch, whose
options are fields of the body. Text is plain, without NUL characters; control and
bidirectional characters are taken as they are."""

_PROBLEMS = {
    "400": "The body is not JSON in UTF-8, or could not be read to its end.",
    "401": "There is no API key, or one that is not known.",
    "403": "The API key may not do this.",
    "404": "There is no such thing.",
    "408": "The request took too long to come.",
    "412": "If-Match names something else than what would be answered.",
    "413": "The body is larger than is taken.",
    "415": "The body is of another media type, or packed otherwise than with gzip.",
    "422": "A field cannot be used; it is named.",
    "429": "Too many requests; see Retry-After.",
    "500": "The service failed; its log has the reason under the request id.",
    "501": "The body comes in another transfer coding than chunked.",
    "503": "The service is busy; see Retry-After.",
}
_KEYS: list[Json] = [{"bearer": []}, {"key": []}]
_LATER = ("429", "503")
_OF_CALLERS = ("401", "403", "429")
_OF_ALL = (*_OF_CALLERS, "500", "503")
_OF_BODIES = ("400", "408", "413", "415", "422", "501")


def describe(tagger: Tagger, settings: Settings) -> Json:
    """The document, with the topics of a tagger and with its answers as examples."""
    shown = examples(tagger)
    topics = [*tagger.model.topic_ids]
    paths = {
        **_tagging(settings, topics, shown),
        **_about_the_model(shown),
        **_operating(),
    }
    for path in access.OPEN & paths.keys():
        _open(paths[path]["get"])
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Barchasb",
            "version": "1",
            "summary": "برچسب: موضوع‌های یک خبر، و واژه‌هایی از خود متن که دلیل آن‌اند",
            "description": _ABOUT.replace("\n", " "),
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "servers": [{"url": "/"}],
        # A service on 127.0.0.1 needs no key, others do.
        "security": [{}, *_KEYS],
        "paths": paths,
        "components": _components(settings, topics, shown),
    }


def _tagging(settings: Settings, topics: list[str], shown: Json) -> Json:
    line = f"A line may have {settings.max_body_bytes} bytes."
    paths = {
        "/v1/classify": _post(
            "classify",
            ("Tag an article", "برچسب‌زدن یک خبر"),
            f"The body may have {settings.max_body_bytes} bytes.",
            body=_content(bodies.JSON, "ClassifyRequest", shown["ClassifyRequest"]),
            answer=_content(bodies.JSON, "ClassifyAnswer", shown["ClassifyAnswer"]),
        ),
        "/v1/classify/batch": _post(
            "classifyBatch",
            ("Tag many articles at once", "برچسب‌زدن چند خبر با هم"),
            "An article that cannot be used gets a problem in its place, and the "
            f"others are tagged. The body may have {settings.max_batch_bytes} bytes "
            "and be packed with gzip (Content-Encoding).",
            body=_content(bodies.JSON, "BatchRequest", shown["BatchRequest"]),
            answer=_content(bodies.JSON, "BatchAnswer", shown["BatchAnswer"]),
        ),
        "/v1/classify/stream": _post(
            "classifyStream",
            ("Tag any number of articles", "برچسب‌زدن هر تعداد خبر"),
            "Each line is an ArticleRequest and is answered with an ArticleAnswer, or "
            "an ArticleRefusal, as soon as it has come: read the answer while you "
            f"send. {line} The body may be packed with gzip (Content-Encoding), and "
            f"unpack to {bodies.UNPACKED_BYTES} bytes or "
            f"{bodies.UNPACKED_TIMES} times its size. A body that cannot be read on "
            "is told in the last line.",
            body=_lines("Lines of ArticleRequest", shown["lines"]),
            answer=_lines(
                "Lines of ArticleAnswer or ArticleRefusal", shown["answered lines"]
            ),
        ),
    }
    paths["/v1/classify/stream"]["post"]["parameters"] = _options(topics)
    return paths


def _about_the_model(shown: Json) -> Json:
    topics = _get(
        "topics",
        ("The topics and their thresholds", "موضوع‌ها و آستانه‌هایشان"),
        _content(bodies.JSON, "TopicsAnswer", shown["TopicsAnswer"]),
        unless_known=True,
    )
    topics["get"]["responses"]["200"]["links"] = {
        "onlyThisTopic": {
            "operationId": "classifyStream",
            "parameters": {"topics.include": "$response.body#/topics/0/id"},
            "description": "Tag with this topic only.",
        }
    }
    reload = _post(
        "reload",
        ("Look for a promoted version at once", "بارگذاری نسخهٔ تازه"),
        "Without it a worker looks every second. It speaks for the worker that "
        "answers, and needs a key with the scope admin.",
        answer=_content(bodies.JSON, "ReloadAnswer"),
    )
    reload["post"]["security"] = _KEYS
    return {
        "/v1/topics": topics,
        "/v1/model": _get(
            "model",
            ("The model's version, origin and figures", "نسخه، منشأ و ارقام مدل"),
            _content(bodies.JSON, "ModelAnswer", shown["ModelAnswer"]),
            unless_known=True,
        ),
        "/v1/model/card": _get(
            "modelCard",
            ("The model's card, a page", "کارت مدل"),
            {"text/html": {"schema": {"type": "string"}}},
            unless_known=True,
            may_be_missing=True,
        ),
        "/v1/model/reload": reload,
    }


def _operating() -> Json:
    return {
        "/healthz": _get(
            "alive",
            ("Whether the process lives", "آیا فرایند زنده است"),
            _content(bodies.JSON, "Health", {"status": "ok"}),
        ),
        "/readyz": _get(
            "ready",
            ("Whether it can tag", "آیا آمادهٔ برچسب‌زدن است"),
            _content(bodies.JSON, "Health"),
        ),
        "/metrics": _get(
            "metrics",
            ("Figures for Prometheus", "ارقام برای پرومتئوس"),
            {METRICS: {"schema": {"type": "string"}}},
        ),
    }


def _open(operation: Json) -> None:
    """Tell that all may ask it, as often as they like."""
    operation["security"] = []
    for status in _OF_CALLERS:
        del operation["responses"][status]


def _options(topics: Iterable[str]) -> list[Json]:
    """The fields of `Options` as query parameters; see `decoding.decode_query`."""
    ids = {
        "type": "array",
        "items": {"$ref": _REF.format(name="TopicId")},
        "minItems": 1,
    }
    lists = {"style": "form", "explode": False}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    return [
        _parameter(
            "explain", {"type": "boolean"}, "Whether the answers have evidence."
        ),
        _parameter(
            "prefer",
            {"enum": ["precision", "recall"]},
            "Whose thresholds count, for fewer wrong tags or for fewer missed ones.",
        ),
        _parameter(
            "limit",
            {"type": "integer", "minimum": 1},
            "How many topics are answered at most, the best first.",
        ),
        _parameter("topics.include", ids, "Only these, with commas between.") | lists,
        _parameter("topics.exclude", ids, "Not these, with commas between.") | lists,
        *(
            _parameter(
                f"thresholds.{topic}", share, "A threshold that goes before `prefer`."
            )
            for topic in topics
        ),
    ]


def _parameter(name: str, schema: Json, description: str) -> Json:
    return {"name": name, "in": "query", "description": description, "schema": schema}


def _get(
    operation: str,
    summaries: tuple[str, str],
    content: Json,
    *,
    unless_known: bool = False,
    may_be_missing: bool = False,
) -> Json:
    responses = {"200": _response("The answer.", content)}
    if unless_known:
        responses["200"] = _response("The answer.", content, "ETag")
        responses["304"] = _response(
            "If-None-Match names what would be answered.", None, "ETag"
        )
        responses |= _refusals(["412"])
    responses |= _refusals(("404", *_OF_ALL) if may_be_missing else _OF_ALL)
    return {"get": _operation(operation, summaries, responses)}


def _post(
    operation: str,
    summaries: tuple[str, str],
    description: str,
    *,
    answer: Json,
    body: Json | None = None,
) -> Json:
    responses = {"200": _response("The answer.", answer)}
    responses |= _refusals((*_OF_BODIES, *_OF_ALL) if body else _OF_ALL)
    described = _operation(operation, summaries, responses)
    described["description"] = description
    if body:
        described["requestBody"] = {"required": True, "content": body}
    return {"post": described}


def _operation(name: str, summaries: tuple[str, str], responses: Json) -> Json:
    summary, persian = summaries
    return {
        "operationId": name,
        "summary": summary,
        "x-summary-fa": persian,
        "responses": responses,
    }


def _response(description: str, content: Json | None, *headers: str) -> Json:
    response: Json = {
        "description": description,
        "headers": {
            name: {"$ref": f"#/components/headers/{name}"}
            for name in ("X-Request-ID", *headers)
        },
    }
    return {**response, "content": content} if content else response


def _refusals(statuses: Iterable[str]) -> Json:
    return {
        status: {"$ref": f"#/components/responses/{status}"}
        for status in sorted(statuses)
    }


def _content(media_type: str, schema: str, example: object = None) -> Json:
    content: Json = {"schema": {"$ref": _REF.format(name=schema)}}
    if example is not None:
        content["example"] = example
    return {media_type: content}


def _lines(description: str, example: str) -> Json:
    # A schema would be of the whole: each line is JSON, and text together.
    return {
        bodies.JSON_LINES: {"schema": {"description": description}, "example": example}
    }


def _components(settings: Settings, topics: list[str], shown: Json) -> Json:
    _, schemas = msgspec.json.schema_components(_TYPES, ref_template=_REF)
    for schema in schemas.values():
        documented = schema.get("description", "")
        schema["description"] = " ".join(documented.partition("Attributes:")[0].split())
        _describe_properties(schema, documented)
    topic = {"$ref": _REF.format(name="TopicId")}
    choice = schemas["TopicChoice"]["properties"]
    choice["include"]["anyOf"][0]["items"] = choice["exclude"]["items"] = topic
    for name in ("ClassifyRequest", "BatchRequest"):
        schemas[name]["properties"]["thresholds"]["propertyNames"] = topic
        _describe_properties(schemas[name], Options.__doc__)
    articles = schemas["BatchRequest"]["properties"]["articles"]
    articles["maxItems"] = settings.max_batch_articles
    schemas["TopicId"] = {"type": "string", "enum": topics}
    schemas["Problem"]["examples"] = [shown["Problem"]]
    return {
        "schemas": schemas,
        "responses": {
            status: _response(
                description,
                _content(PROBLEM, "Problem"),
                *(["Retry-After"] if status in _LATER else []),
            )
            for status, description in _PROBLEMS.items()
        },
        "headers": {
            "X-Request-ID": {
                "description": "The caller's own X-Request-ID if it is fit for a log, "
                "else a new one; the service's log has it.",
                "required": True,
                "schema": {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,128}$"},
            },
            "ETag": {
                "description": "To be sent back in If-None-Match.",
                "required": True,
                "schema": {"type": "string"},
            },
            "Retry-After": {
                "description": "Seconds after which to ask again.",
                "required": True,
                "schema": {"type": "integer", "minimum": 1},
            },
        },
        "securitySchemes": {
            "bearer": {"type": "http", "scheme": "bearer"},
            "key": {"type": "apiKey", "in": "header", "name": "X-API-Key"},
        },
    }


def _describe_properties(schema: Json, docstring: str | None) -> None:
    """Give a docstring's attributes to the properties that they describe."""
    _, _, listed = (docstring or "").partition("Attributes:\n")
    for name, description in _ATTRIBUTE.findall(listed):
        schema["properties"][name]["description"] = " ".join(description.split())
