"""What the API answers: the types that are encoded as JSON."""

from typing import Any, Self

import msgspec
from flask import Response
from msgspec import UNSET, UnsetType

from service.tagging.model_file import Model
from service.tagging.tagger import Evidence, ScoredTopic, TaggedArticle
from service.tagging.topics import Topic


class Names(msgspec.Struct, frozen=True):
    """A topic's name in both languages."""

    fa: str
    en: str

    @classmethod
    def of(cls, topic: Topic) -> Self:
        """The names of a topic."""
        return cls(fa=topic.name_fa, en=topic.name_en)


class EvidenceAnswer(msgspec.Struct, frozen=True):
    """A span of the caller's own text; places count code points of that field."""

    field: str
    start: int
    end: int
    text: str
    weight: float

    @classmethod
    def of(cls, evidence: Evidence) -> Self:
        """A piece of the tagger's evidence."""
        return cls(
            field=evidence.field,
            start=int(evidence.start),
            end=int(evidence.end),
            text=evidence.text,
            weight=float(evidence.weight),
        )


class TopicAnswer(msgspec.Struct, frozen=True):
    """How one topic fared in the article.

    Attributes:
        id: The topic's, in every language.
        names: What people call it.
        score: Calibrated probability, 0 to 1, that an editor would give the tag.
        assigned: Whether the topic is a tag of the article.
        review: Whether the decision is so uncertain that an editor should look.
        threshold: The score from which on it is assigned, as this request wished.
        evidence: Spans that speak for it, heaviest first, where they were asked for.
    """

    id: str
    names: Names
    score: float
    assigned: bool
    review: bool
    threshold: float
    evidence: list[EvidenceAnswer] | UnsetType = UNSET

    @classmethod
    def of(cls, scored: ScoredTopic, *, explain: bool) -> Self:
        """A scored topic; `evidence` is left out unless it was asked for."""
        spans = [EvidenceAnswer.of(one) for one in scored.evidence]
        # msgspec refuses numpy's numbers, though they pass for Python's elsewhere.
        return cls(
            id=scored.topic.id,
            names=Names.of(scored.topic),
            score=float(scored.score),
            assigned=bool(scored.assigned),
            review=bool(scored.review),
            threshold=float(scored.threshold),
            evidence=spans if explain else UNSET,
        )


class ClassifyAnswer(msgspec.Struct, frozen=True):
    """The answer of `POST /v1/classify`: every topic, best score first.

    Attributes:
        model: The version that tagged.
        language: The article's, as a BCP 47 code, "und" where it is none we know, null
            where there is no letter. Nothing is assigned unless it is "fa", Persian.
        topics: How each fared.
    """

    model: str
    language: str | None
    topics: list[TopicAnswer]

    @classmethod
    def of(cls, tagged: TaggedArticle, *, model: str, explain: bool) -> Self:
        """A tagged article, and the version of the model that tagged it."""
        topics = [TopicAnswer.of(scored, explain=explain) for scored in tagged.topics]
        return cls(model=model, language=tagged.language, topics=topics)


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
            names=Names.of(topic),
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
            topics=[topic.id for topic in model.topics],
            seeds=model.seeds,
            libraries=model.libraries,
            evaluation=model.evaluation,
        )


def answer(payload: msgspec.Struct) -> Response:
    """A payload as a JSON response."""
    return Response(msgspec.json.encode(payload), content_type="application/json")
