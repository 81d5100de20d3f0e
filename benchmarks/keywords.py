"""A keyword list: a topic is assigned where one of its words stands.

What a newsroom has without a tagger. It is drawn from the seeds that training learns
from: for each topic the words, and beginnings of words, that together find its articles
best. That flatters the list, as a newsroom has no such seeds to choose on; a peer
should be strong.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray

from service.tagging import features
from service.tagging.kernel import Reading
from service.tagging.tagger import Article, ScoredTopic, TaggedArticle
from service.tagging.topics import Topic
from training.corpus import ABSENT, CARRIED, Corpus, build_corpus, is_held_out
from training.seeds import SeedSet

# Chosen on the seeds, cross-validated; no article of an evaluation decided them.
_MOST_WORDS = 40  # a topic
_FEWEST_SEEDS = 5  # that carry the topic and hold the word
_FEWEST_CARRYING = 0.5  # share of the seeds with the word that carry the topic
_LEAST_GAIN = 0.003  # in F1, for one word more
_PASSAGE_WEIGHT = 0.1  # beside 1 for an article
_SHORTEST_BEGINNING = 3  # letters
_BEGINNING = "*"
_THRESHOLD = 0.5


@dataclass(frozen=True, slots=True)
class KeywordList:
    """Tags articles by words.

    Attributes:
        topics: In the order of `words`.
        words: For each topic canonical words; one that ends in "*" is the beginning
            of words.
        reading: How characters become words.
    """

    topics: tuple[Topic, ...]
    words: tuple[tuple[str, ...], ...]
    reading: Reading

    @classmethod
    def from_seeds(cls, seed_set: SeedSet, reading: Reading) -> Self:
        """Choose the words on the seeds that are not held out."""
        learned = [seed for seed in seed_set.seeds if not is_held_out(seed)]
        candidates = Candidates.of(build_corpus(seed_set, learned, reading))
        places = range(len(seed_set.topics))
        words = tuple(candidates.choose(topic) for topic in places)
        return cls(seed_set.topics, words, reading)

    def tag(self, articles: Iterable[Article], /) -> Iterator[TaggedArticle]:
        """Tag articles one by one, in order; the score grows with the hits."""
        for article in articles:
            passages = features.passages(article.title, article.text, self.reading)
            found = [word for passage in passages for word in passage]
            hits = [
                sum(_stands_for(words, one) for one in found) for words in self.words
            ]
            yield TaggedArticle("fa", tuple(map(_scored, self.topics, hits)))


def _stands_for(words: Sequence[str], found: str) -> bool:
    return any(
        found.startswith(word[:-1]) if word.endswith(_BEGINNING) else found == word
        for word in words
    )


def _scored(topic: Topic, hits: int) -> ScoredTopic:
    return ScoredTopic(
        id=topic.id,
        names=topic.names,
        score=hits / (hits + 1),
        threshold=_THRESHOLD,
        assigned=hits > 0,
        review=False,
    )


@dataclass(frozen=True, eq=False)
class Candidates:
    """Words and beginnings of words, and the seeds that hold them.

    Attributes:
        names: A beginning of words ends in "*".
        held: Sparse, shape (seeds, names): 1 where the seed holds the word.
        grades: Shape (seeds, topics).
        weights: Shape (seeds,): how much a seed counts.
    """

    names: list[str]
    held: sp.csc_matrix
    grades: NDArray[np.int8]
    weights: NDArray[np.float64]

    @classmethod
    def of(cls, corpus: Corpus) -> Self:
        """The candidates that the words of a corpus give."""
        column: dict[str, int] = {}
        rows, columns = [], []
        for row, word in enumerate(corpus.words):
            for name in _names(word):
                rows.append(row)
                columns.append(column.setdefault(name, len(column)))
        shape = (len(corpus.words), len(column))
        named = sp.csr_matrix((np.ones(len(rows)), (rows, columns)), shape)
        n_passages = len(corpus.owner)
        owned = sp.csr_matrix(
            (np.ones(n_passages), (corpus.owner, np.arange(n_passages))),
            (corpus.n_seeds, n_passages),
        )
        held = ((owned @ corpus.counts @ named) > 0).astype(np.float64).tocsc()
        weights = np.where(corpus.whole, 1.0, _PASSAGE_WEIGHT)
        return cls(list(column), held, corpus.grades, weights)

    def choose(self, topic: int) -> tuple[str, ...]:
        """Take the word that raises F1 on the seeds most, again and again."""
        carrying = self.weights * (self.grades[:, topic] == CARRIED)
        absent = self.weights * (self.grades[:, topic] == ABSENT)
        usable = self._usable(topic, carrying, absent)
        held = self.held[:, usable]
        found = np.zeros(len(carrying), bool)
        chosen: list[str] = []
        best = 0.0
        while len(chosen) < _MOST_WORDS and len(usable):
            right = carrying[found].sum() + held.T @ (carrying * ~found)
            wrong = absent[found].sum() + held.T @ (absent * ~found)
            f1 = 2 * right / (right + wrong + carrying.sum())
            word = int(np.argmax(f1))
            if f1[word] < best + _LEAST_GAIN:
                break
            best = float(f1[word])
            chosen.append(self.names[usable[word]])
            found |= held[:, [word]].toarray().ravel() > 0
        return tuple(chosen)

    def _usable(
        self,
        topic: int,
        carrying: NDArray[np.float64],
        absent: NDArray[np.float64],
    ) -> NDArray[np.int64]:
        """Names that stand in enough seeds, and more often with the topic."""
        seeds = self.held.T @ (self.grades[:, topic] == CARRIED).astype(np.float64)
        right, wrong = self.held.T @ carrying, self.held.T @ absent
        enough = seeds >= _FEWEST_SEEDS
        return np.flatnonzero(enough & (right >= _FEWEST_CARRYING * (right + wrong)))


def _names(word: str) -> list[str]:
    """A word and its beginnings; a number gives none."""
    if word[0] == "0":
        return []
    sizes = range(_SHORTEST_BEGINNING, len(word) + 1)
    return [word, *(f"{word[:size]}{_BEGINNING}" for size in sizes)]
