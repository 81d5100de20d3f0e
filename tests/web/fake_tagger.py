"""A tagger of the real one's shape that knows one word a topic.

Of an article that says "perhaps" it is not sure.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from msgspec import UNSET

from service.tagging.tagger import Article, Evidence, ScoredTopic, TaggedArticle, Wish
from service.tagging.topics import Topic

WORDS = {"trade": "صادرات", "energy": "برق", "sanctions": "تحریم"}
PERHAPS = "شاید"
CARDS = {
    "0123456789abcdef": b"<!doctype html><style>h1 { color: rgb(1, 2, 3) }</style>"
    b"<title>Model card</title><h1>Model card</h1>"
}
TOPICS = (
    Topic("trade", "تجارت", "Trade", "خرید و فروش میان کشورها", "بازار داخلی"),
    Topic("energy", "انرژی", "Energy", "نفت و گاز و برق", "انرژی در فیزیک"),
    Topic("sanctions", "تحریم", "Sanctions", "تحریم کشورها", "تحریم جشنواره"),
)


@dataclass(frozen=True)
class FakeModel:
    version: str = "0123456789abcdef"
    topics: tuple[Topic, ...] = TOPICS
    thresholds: Any = field(default_factory=lambda: np.array([0.5, 0.4, 0.6]))
    preferred: dict[str, Any] = field(
        default_factory=lambda: {
            "precision": np.array([0.8, 0.7, 0.9]),
            "recall": np.array([0.04, 0.3, 0.2]),
        }
    )
    review: Any = field(
        default_factory=lambda: np.array([[0.3, 0.7], [0.2, 0.6], [0.25, 0.75]])
    )
    seeds: str = "seeds-digest"
    libraries: dict[str, str] = field(default_factory=lambda: {"numpy": "2.0"})
    evaluation: dict[str, Any] = field(default_factory=lambda: {"macro_f1": 0.9})
    format: int = 1

    @property
    def topic_ids(self) -> tuple[str, ...]:
        return tuple(topic.id for topic in self.topics)


class FakeTagger:
    def __init__(self) -> None:
        self.model = FakeModel()

    def tag(
        self,
        articles: Iterable[Article],
        wish: Wish = Wish(),  # noqa: B008  # frozen
    ) -> Iterator[TaggedArticle]:
        for article in articles:
            yield self.tag_one(article, wish)

    def tag_one(
        self,
        article: Article,
        wish: Wish = Wish(),  # noqa: B008  # frozen
    ) -> TaggedArticle:
        language = _language(article.title + article.text)
        topics = [
            self._scored(article, place, wish, persian=language == "fa")
            for place in range(len(TOPICS))
        ]
        topics.sort(key=lambda scored: -scored.score)
        return TaggedArticle(language, tuple(topics))

    def _scored(
        self, article: Article, place: int, wish: Wish, *, persian: bool
    ) -> ScoredTopic:
        topic, (low, high) = TOPICS[place], self.model.review[place]
        usual = self.model.preferred.get(wish.prefer, self.model.thresholds)[place]
        threshold = wish.thresholds.get(topic.id, usual)
        if not persian:
            return ScoredTopic(
                topic.id,
                topic.names,
                0.0,
                False,
                False,
                threshold,
                () if wish.explain else UNSET,
            )
        found = tuple(_spans(article, WORDS[topic.id]))
        sure = 0.55 if PERHAPS in article.text else 0.9
        # numpy's numbers, as a tagger that computes with numpy may give them
        score = np.float64(sure if found else 0.05)
        return ScoredTopic(
            id=topic.id,
            names=topic.names,
            score=score,
            threshold=threshold,
            assigned=score >= threshold,
            review=low <= score <= high,
            evidence=found if wish.explain else UNSET,
        )


def _language(given: str) -> str | None:
    letters = [c for c in given if c.isalpha()]
    if not letters:
        return None
    return "fa" if any("\u0600" <= c <= "\u06ff" for c in letters) else "en"


def _spans(article: Article, word: str) -> Iterator[Evidence]:
    for name, given in (("text", article.text), ("title", article.title)):
        for match in re.finditer(word, given):
            yield Evidence(name, match.start(), match.end(), match[0], 1.5)
