"""Tags articles with a model."""

from collections.abc import Iterable, Iterator, Mapping
from operator import attrgetter
from typing import Literal

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType
from numpy.typing import NDArray

from service.tagging import features, kernel
from service.tagging.kernel import Workspace
from service.tagging.language import (
    FAST_SHARE,
    FAST_SHARE_IF_KNOWN,
    FAST_WORDS,
    KNOWN_SHARE,
    identify,
)
from service.tagging.model_file import Model
from service.tagging.topics import Names

_PERSIAN = "fa"
_BY_SCORE = attrgetter("score")
_MOST_EVIDENCE = 12  # spans a topic; the rest of a passage says little
_USUAL_POINTS = 1 << 14  # code points of an article that space is kept for
_LEAST_SHARE = 0.1  # of the heaviest word's; a lighter word is no reason


class Article(msgspec.Struct, frozen=True, gc=False):
    """What is tagged; the title may be empty."""

    title: str
    text: str


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """A span of the caller's own text that speaks for a topic.

    Attributes:
        field: Which part of the article it stands in.
        start: Code points before it in that field.
        end: Code points up to its end.
        text: Exactly that slice of the field.
        weight: Its share of the passage's decision value, above 0.
    """

    field: Literal["title", "text"]
    start: int
    end: int
    text: str
    weight: float


class ScoredTopic(msgspec.Struct, frozen=True, gc=False):
    """How one topic fared in the article.

    Attributes:
        id: The topic's, in every language.
        names: What people call it.
        score: Calibrated probability, 0 to 1, that an editor would give the tag.
        assigned: Whether the topic is a tag of the article.
        review: Whether the decision is so uncertain that an editor should look.
        threshold: The score from which on it is assigned, as the caller wished.
        evidence: The words of the best passage that speak for it, heaviest first,
            where they were asked for.
    """

    id: str
    names: Names
    score: float
    assigned: bool
    review: bool
    threshold: float
    evidence: tuple[Evidence, ...] | UnsetType = UNSET


class TaggedArticle(msgspec.Struct, frozen=True, gc=False):
    """An article's topics.

    Attributes:
        language: The BCP 47 code of its language, "und" where it is none we know, None
            where the article has no letter. Only Persian, "fa", is tagged.
        topics: Every topic, the best score first.
        known_words: Share of its words that the model knows, 0 to 1; words of site
            furniture are not known.
    """

    language: str | None
    topics: tuple[ScoredTopic, ...]
    known_words: float = 0.0


class Wish(msgspec.Struct, frozen=True, gc=False):
    """What a caller wants beside the tags, and how strict they should be.

    Attributes:
        explain: Whether to give evidence.
        prefer: "precision" or "recall" for the threshold that favours it, None for
            the one that makes a tag of what is more likely than not.
        thresholds: A threshold, 0 to 1, by topic id; it goes before `prefer`.
    """

    explain: bool = False
    prefer: Literal["precision", "recall"] | None = None
    thresholds: Mapping[str, float] = {}


_NO_WISH = Wish()

type _Limits = list[tuple[str, Names, float, float, float]]
"""Of each topic the threshold, and from which score to which it is to be reviewed."""


class Tagger:
    """Tags articles; safe to share between threads."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._score = kernel.scorer(model.reading, model.weights)
        self._limits: dict[str | None, _Limits] = {
            None: _limits(model, model.thresholds)
        }
        for name, thresholds in model.preferred.items():
            self._limits[name] = _limits(model, thresholds)
        self._spaces: list[Workspace] = []  # that no thread is using

    def tag(
        self, articles: Iterable[Article], wish: Wish = _NO_WISH
    ) -> Iterator[TaggedArticle]:
        """Tag articles one by one, in order, as the caller asks for them."""
        return (self.tag_one(article, wish) for article in articles)

    def tag_one(self, article: Article, wish: Wish = _NO_WISH) -> TaggedArticle:
        """Tag an article."""
        limits = self._limits[wish.prefer]
        if wish.thresholds:
            limits = [
                (topic, names, wish.thresholds.get(topic, threshold), low, high)
                for topic, names, threshold, low, high in limits
            ]
        explain = wish.explain
        together = f"{article.title}\n{article.text}"
        points = features.code_points(together)
        space = self._take_space(len(points))
        n_words, with_letters, frequent, known = self._score(
            points, len(article.title), *space
        )
        language: str | None = _PERSIAN
        # Nearly always the compiled pass has seen enough to be sure.
        share = FAST_SHARE_IF_KNOWN if known >= KNOWN_SHARE * n_words else FAST_SHARE
        if frequent < FAST_WORDS or frequent < share * with_letters:
            language = identify(together) if with_letters else None
        if language == _PERSIAN:
            topics = _topics(limits, space.scores.tolist())
            if explain:
                topics = [*map(_explained, topics, self._evidence(article, space))]
            topics.sort(key=_BY_SCORE, reverse=True)
            tagged = TaggedArticle(language, tuple(topics), known / n_words)
        else:
            tagged = TaggedArticle(language, _untagged(limits, explain=explain))
        if len(points) <= _USUAL_POINTS:
            self._spaces.append(space)
        return tagged

    def _take_space(self, n_points: int) -> Workspace:
        """One that nobody else writes to; a usual one is given back after use."""
        n_topics = len(self.model.topics)
        if n_points > _USUAL_POINTS:
            return kernel.workspace(n_points, n_topics)
        try:
            return self._spaces.pop()
        except IndexError:
            return kernel.workspace(_USUAL_POINTS, n_topics)

    def _evidence(
        self, article: Article, space: Workspace
    ) -> Iterator[tuple[Evidence, ...]]:
        """The words of each topic's best passage that speak for it."""
        spans, shares = kernel.find_evidence(
            self.model.weights, space, _MOST_EVIDENCE, _LEAST_SHARE
        )
        for places, weights in zip(spans.tolist(), shares.tolist(), strict=True):
            yield tuple(
                _span(article, start, end, weight)
                for (start, end), weight in zip(places, weights, strict=True)
                if weight > 0.0
            )


def _limits(model: Model, thresholds: NDArray[np.float64]) -> _Limits:
    # Python's own numbers: numpy's are slower, one by one.
    review = model.review.tolist()
    return [
        (topic.id, topic.names, threshold, low, high)
        for topic, threshold, (low, high) in zip(
            model.topics, thresholds.tolist(), review, strict=True
        )
    ]


def _topics(limits: _Limits, scores: list[float]) -> list[ScoredTopic]:
    return [
        ScoredTopic(
            topic, names, score, score >= threshold, low <= score <= high, threshold
        )
        for (topic, names, threshold, low, high), score in zip(  # noqa: B905 - a keyword takes a microsecond
            limits, scores
        )
    ]


def _explained(topic: ScoredTopic, evidence: tuple[Evidence, ...]) -> ScoredTopic:
    return msgspec.structs.replace(topic, evidence=evidence)


def _untagged(limits: _Limits, *, explain: bool) -> tuple[ScoredTopic, ...]:
    evidence = () if explain else UNSET
    return tuple(
        ScoredTopic(topic, names, 0.0, False, False, threshold, evidence)
        for topic, names, threshold, _, _ in limits
    )


def _span(article: Article, start: int, end: int, weight: float) -> Evidence:
    """What is from `start` to `end` in title, line break and text."""
    if start < len(article.title):
        return Evidence("title", start, end, article.title[start:end], weight)
    start -= len(article.title) + 1
    end -= len(article.title) + 1
    return Evidence("text", start, end, article.text[start:end], weight)
