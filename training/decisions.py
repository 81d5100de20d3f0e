"""What a tagger says of graded articles, as arrays."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from service.tagging.tagger import Article, TaggedArticle
from training.corpus import BORDERLINE, CARRIED
from training.gold import Graded


class TagsArticles(Protocol):
    """What can be evaluated: the tagger, or a peer to stand beside it."""

    def tag(self, articles: Iterable[Article], /) -> Iterator[TaggedArticle]:
        """Tag articles one by one, in order."""


@dataclass(frozen=True, eq=False)
class Decisions:
    """What a tagger said of graded articles; every array is (articles, topics).

    Attributes:
        topics: Ids of the topics, the columns.
        grades: 2 carried, 1 borderline, 0 absent.
        scores: Calibrated probabilities.
        assigned: Whether the topic is a tag of the article.
        review: Whether an editor is asked to look.
    """

    topics: tuple[str, ...]
    grades: NDArray[np.int8]
    scores: NDArray[np.float64]
    assigned: NDArray[np.bool_]
    review: NDArray[np.bool_]

    @property
    def counted(self) -> NDArray[np.bool_]:
        """Where the grade is counted: it is not borderline."""
        return np.asarray(self.grades != BORDERLINE)

    @property
    def carried(self) -> NDArray[np.bool_]:
        """Where an editor would give the tag."""
        return np.asarray(self.grades == CARRIED)

    def only(self, chosen: NDArray[np.bool_]) -> "Decisions":
        """Some of the articles."""
        return Decisions(
            self.topics,
            self.grades[chosen],
            self.scores[chosen],
            self.assigned[chosen],
            self.review[chosen],
        )


def decide(tagger: TagsArticles, graded: Sequence[Graded]) -> Decisions:
    """Tag graded articles; the topics are those that the first one has grades for.

    What the tagger says of others is passed by; one that it does not know scores 0.
    """
    topics = tuple(graded[0].grades)
    columns = {topic: column for column, topic in enumerate(topics)}
    scores = np.zeros((len(graded), len(topics)))
    assigned = np.zeros(scores.shape, bool)
    review = np.zeros(scores.shape, bool)
    tagged = tagger.tag(one.article for one in graded)
    for row, article in enumerate(tagged):
        for scored in article.topics:
            if (column := columns.get(scored.id)) is None:
                continue
            scores[row, column] = scored.score
            assigned[row, column] = scored.assigned
            review[row, column] = scored.review
    grades = [[one.grades[topic] for topic in topics] for one in graded]
    return Decisions(topics, np.array(grades, np.int8), scores, assigned, review)


def by_group(decisions: Decisions, graded: Sequence[Graded]) -> dict[str, Decisions]:
    """All articles, and the articles of each group that some of them belong to."""
    parts = {"all": decisions}
    for group in sorted({group for one in graded for group in one.groups}):
        parts[group] = decisions.only(np.array([group in one.groups for one in graded]))
    return parts
