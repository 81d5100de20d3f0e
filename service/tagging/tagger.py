"""Tags articles with a model."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np

from service.tagging import features, kernel
from service.tagging.kernel import Scores, Words
from service.tagging.language import FAST_SHARE, FAST_WORDS, identify
from service.tagging.model_file import Model
from service.tagging.topics import Topic

_PERSIAN = "fa"
_MOST_EVIDENCE = 12  # spans a topic; the rest of a passage says little
_LEAST_SHARE = 0.1  # of the heaviest word's; a lighter word is no reason


@dataclass(frozen=True, slots=True)
class Article:
    """What is tagged; the title may be empty."""

    title: str
    text: str


@dataclass(frozen=True, slots=True)
class Evidence:
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


@dataclass(frozen=True, slots=True)
class ScoredTopic:
    """What the tagger thinks of one topic in one article.

    Attributes:
        topic: The topic.
        score: Calibrated probability, 0 to 1, that an editor would give the tag.
        threshold: The score from which on it is assigned.
        assigned: Whether the topic is a tag of the article.
        review: Whether the score is uncertain enough for an editor to look.
        evidence: The words of the best passage that speak for the topic, heaviest
            first; empty unless it was asked for.
    """

    topic: Topic
    score: float
    threshold: float
    assigned: bool
    review: bool
    evidence: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True)
class TaggedArticle:
    """An article's topics.

    Attributes:
        language: The BCP 47 code of its language, "und" where it is none we know, None
            where the article has no letter. Only Persian, "fa", is tagged.
        topics: Every topic, the best score first.
    """

    language: str | None
    topics: tuple[ScoredTopic, ...]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a caller wants beside the tags, and how strict they should be.

    Attributes:
        explain: Whether to give evidence.
        prefer: "precision" or "recall" for the threshold that favours it, None for
            the one that makes a tag of what is more likely than not.
        thresholds: A threshold, 0 to 1, by topic id; it goes before `prefer`.
    """

    explain: bool = False
    prefer: Literal["precision", "recall"] | None = None
    thresholds: Mapping[str, float] = field(default_factory=dict)


class Tagger:
    """Tags articles; safe to share between threads."""

    def __init__(self, model: Model) -> None:
        self.model = model

    def tag(
        self,
        articles: Iterable[Article],
        wish: Wish = Wish(),
    ) -> Iterator[TaggedArticle]:
        """Tag articles one by one, in order, as the caller asks for them."""
        thresholds = self._thresholds(wish)
        for article in articles:
            yield self._tag(article, thresholds, explain=wish.explain)

    def _thresholds(self, wish: Wish) -> list[float]:
        model = self.model
        usual = model.preferred[wish.prefer] if wish.prefer else model.thresholds
        return [
            wish.thresholds.get(topic.id, threshold)
            for topic, threshold in zip(model.topics, usual.tolist(), strict=True)
        ]

    def _tag(
        self, article: Article, thresholds: list[float], *, explain: bool
    ) -> TaggedArticle:
        together = f"{article.title}\n{article.text}"
        with_letters, frequent, words, scores = kernel.score_article(
            features.code_points(together),
            len(article.title),
            self.model.reading,
            self.model.weights,
        )
        language: str | None = _PERSIAN
        if frequent < max(FAST_WORDS, FAST_SHARE * with_letters):
            language = identify(together) if with_letters else None
        if language != _PERSIAN:
            return TaggedArticle(language, tuple(self._untagged(thresholds)))
        scored = [
            ScoredTopic(
                topic=topic,
                score=score,
                threshold=threshold,
                assigned=score >= threshold,
                review=low <= score <= high,
                evidence=self._evidence(article, place, words, scores)
                if explain
                else (),
            )
            for place, (topic, score, threshold, (low, high)) in enumerate(
                zip(
                    self.model.topics,
                    scores.score.tolist(),
                    thresholds,
                    self.model.review.tolist(),
                    strict=True,
                )
            )
        ]
        scored.sort(key=lambda one: -one.score)
        return TaggedArticle(language, tuple(scored))

    def _untagged(self, thresholds: list[float]) -> Iterator[ScoredTopic]:
        for topic, threshold in zip(self.model.topics, thresholds, strict=True):
            yield ScoredTopic(topic, 0.0, threshold, False, False, ())

    def _evidence(
        self, article: Article, topic: int, words: Words, scores: Scores
    ) -> tuple[Evidence, ...]:
        """The words of the topic's best passage that speak for it."""
        first, end = scores.best_passage[topic], scores.best_passage_end[topic]
        shares = kernel.share_passage(self.model.weights, words, first, end)[:, topic]
        heaviest = np.argsort(-shares, kind="stable")[:_MOST_EVIDENCE]
        return tuple(
            _span(article, words, int(first + place), float(shares[place]))
            for place in heaviest.tolist()
            if shares[place] > _LEAST_SHARE * max(shares[heaviest[0]], 0.0)
        )


def _span(article: Article, words: Words, word: int, weight: float) -> Evidence:
    start, end = int(words.start[word]), int(words.end[word])
    part: Literal["title", "text"] = "title"
    if start >= len(article.title):
        part = "text"
        start -= len(article.title) + 1
        end -= len(article.title) + 1
    content = article.title if part == "title" else article.text
    return Evidence(part, start, end, content[start:end], weight)
