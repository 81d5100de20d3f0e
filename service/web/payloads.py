"""What the API answers: the types that are encoded as JSON."""

from typing import Annotated, Any, Self

import msgspec
from flask import Response, request
from msgspec import UNSET, Meta, UnsetType
from werkzeug.exceptions import PreconditionFailed

from service.tagging.model_file import Model
from service.tagging.tagger import ScoredTopic
from service.tagging.topics import Names
from service.web.decoding import Id
from service.web.errors import Problem


class ClassifyAnswer(msgspec.Struct, frozen=True, gc=False):
    """The answer of `POST /v1/classify`: the topics asked for, best score first.

    Attributes:
        model: The version that tagged.
        language: The article's, as a BCP 47 code, "und" where it is none we know, null
            where there is no letter. Nothing is assigned unless it is "fa", Persian.
        topics: How each fared.
    """

    model: str
    language: str | None
    topics: tuple[ScoredTopic, ...]


class ArticleAnswer(msgspec.Struct, frozen=True, gc=False):
    """The answer to an article of a batch, or a line of a stream.

    Attributes:
        id: The article's, letter for letter; null where it had none.
        model: The version that tagged.
        language: As of a single article.
        topics: How each topic fared, best score first.
    """

    id: Id
    model: str
    language: str | None
    topics: tuple[ScoredTopic, ...]


class ArticleRefusal(msgspec.Struct, frozen=True, gc=False):
    """An article of a batch, or a line of a stream, that could not be used.

    Attributes:
        id: The article's, where one can be made out, or null.
        problem: What is wrong with it, and the cure.
        line: Its place in the stream, from 1; not in a batch.
    """

    id: Id
    problem: Problem
    line: int | UnsetType = UNSET


# msgspec has schemas for no union of objects without a tag.
type ArticleOutcome = Annotated[
    Any,  # ArticleAnswer | ArticleRefusal
    Meta(
        extra_json_schema={
            "oneOf": [
                {"$ref": "#/components/schemas/ArticleAnswer"},
                {"$ref": "#/components/schemas/ArticleRefusal"},
            ]
        }
    ),
]


class BatchAnswer(msgspec.Struct, frozen=True, gc=False):
    """The answer of `POST /v1/classify/batch`.

    Attributes:
        model: The version that tagged.
        articles: An answer or a problem for each article, in the order they were sent.
    """

    model: str
    articles: list[ArticleOutcome]


class Preferred(msgspec.Struct, frozen=True):
    """A topic's thresholds for a request that prefers one of two."""

    precision: float
    recall: float


class ReviewBand(msgspec.Struct, frozen=True):
    """The scores, both ends among them, that an editor should look at."""

    low: float
    high: float


class TopicEntry(msgspec.Struct, frozen=True):
    """An entry of the taxonomy; `covers` and `excludes` are Persian, for editors."""

    id: str
    names: Names
    covers: str
    excludes: str
    threshold: float
    preferred: Preferred
    review: ReviewBand

    @classmethod
    def of(cls, model: Model, place: int) -> Self:
        """The topic at a place of the model's arrays."""
        topic = model.topics[place]
        low, high = model.review[place].tolist()
        return cls(
            id=topic.id,
            names=topic.names,
            covers=topic.covers,
            excludes=topic.excludes,
            threshold=float(model.thresholds[place]),
            preferred=Preferred(
                precision=float(model.preferred["precision"][place]),
                recall=float(model.preferred["recall"][place]),
            ),
            review=ReviewBand(low=low, high=high),
        )


class TopicsAnswer(msgspec.Struct, frozen=True):
    """The answer of `GET /v1/topics`."""

    model: str
    topics: list[TopicEntry]

    @classmethod
    def of(cls, model: Model) -> Self:
        """The taxonomy that a model tags with."""
        entries = [TopicEntry.of(model, place) for place in range(len(model.topics))]
        return cls(model=model.version, topics=entries)


class ModelAnswer(msgspec.Struct, frozen=True):
    """The answer of `GET /v1/model`: where the model comes from, how good it is."""

    version: str
    format: int
    topics: list[str]
    seeds: str
    libraries: dict[str, str]
    evaluation: dict[str, Any]

    @classmethod
    def of(cls, model: Model) -> Self:
        """What a model file says of itself."""
        return cls(
            version=model.version,
            format=model.format,
            topics=[*model.topic_ids],
            seeds=model.seeds,
            libraries=model.libraries,
            evaluation=model.evaluation,
        )


# numpy's numbers pass for Python's elsewhere, but not with msgspec.
encode = msgspec.json.Encoder(enc_hook=lambda number: number.item()).encode


def answer(payload: object) -> Response:
    """A payload as a JSON response."""
    return Response(encode(payload), content_type="application/json")


def answer_unless_known(payload: object) -> Response:
    """A payload as a JSON response, or 304 to a client that has it already."""
    return unless_known(answer(payload))


def unless_known(response: Response) -> Response:
    """A response, or 304 to a client that has it already.

    Raises:
        PreconditionFailed: The client wants another one (If-Match).
    """
    response.add_etag()
    response.make_conditional(request)
    if response.status_code == PreconditionFailed.code:
        raise PreconditionFailed
    return response
