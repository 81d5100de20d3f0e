"""Whether tags stay when an article is typed otherwise or comes with site furniture."""

import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from service.tagging.tagger import Article, Tagger
from training.gold import Graded
from training.respell import Respelling, characters_only, spaced

FURNITURE = Path(__file__).with_name("furniture.toml")
NEAR = 0.05  # a score that moves less is taken for the same
SPACED = "spaces for non-joiners"


class Tags(NamedTuple):
    """What the tagger says of articles; both arrays are (articles, topics)."""

    scores: NDArray[np.float64]
    assigned: NDArray[np.bool_]


class Piece(NamedTuple):
    """Text that stands around articles, and what kind it is."""

    kind: str
    text: str


@dataclass(frozen=True, eq=False)
class Moved:
    """How a variant of the articles differs from them.

    Attributes:
        changed: Shape (articles,): whether the variant's text is another.
        moves: Shape (articles, topics): how far each score moved.
        tags_changed: Shape (articles, topics): whether the decision is another.
    """

    changed: NDArray[np.bool_]
    moves: NDArray[np.float64]
    tags_changed: NDArray[np.bool_]

    @property
    def identical_scores(self) -> float:
        """Share of articles whose scores are the same to the last bit."""
        return float(1 - (self.moves > 0).any(axis=1).mean())

    @property
    def identical_decisions(self) -> float:
        """Share of decisions, one for each article and topic, that are the same."""
        return float(1 - self.tags_changed.mean())

    @property
    def near(self) -> float:
        """Share of scores that moved by at most 0.05."""
        return float((self.moves <= NEAR).mean())

    @property
    def farthest(self) -> float:
        """The longest move of a score."""
        return float(self.moves.max())

    @property
    def unchanged_articles(self) -> float:
        """Share of articles with the same tags."""
        return float(1 - self.tags_changed.any(axis=1).mean())

    def worst(self, most: int) -> list[int]:
        """Places of the articles whose scores moved most, farthest first."""
        order = np.argsort(-self.moves.max(axis=1), kind="stable")[:most]
        return [int(place) for place in order if self.moves[place].max() > 0]


@dataclass(frozen=True, eq=False)
class Robustness:
    """Moves of every variant, by its name; furniture by kind and end of the text."""

    articles: int
    characters: dict[str, Moved]
    spaced: Moved
    furniture: dict[str, Moved]


def read_furniture(chosen: str, path: Path = FURNITURE) -> list[Piece]:
    """Read one of the two sets of furniture."""
    content = tomllib.loads(path.read_text("utf-8"))
    return [Piece(piece["kind"], piece["text"].strip()) for piece in content[chosen]]


def measure(
    tagger: Tagger, graded: Sequence[Graded], furniture: Sequence[Piece]
) -> Robustness:
    """Tag every article, and every variant of it."""
    articles = [one.article for one in graded]
    base = _tags(tagger, articles)

    def moved(variant: Sequence[Article]) -> Moved:
        tags = _tags(tagger, variant)
        return Moved(
            np.array([new != old for new, old in zip(variant, articles, strict=True)]),
            np.abs(tags.scores - base.scores),
            tags.assigned != base.assigned,
        )

    def respelled(respell: Respelling) -> Moved:
        return moved([Article(respell(a.title), respell(a.text)) for a in articles])

    return Robustness(
        articles=len(articles),
        characters={
            name: respelled(respell) for name, respell in characters_only().items()
        },
        spaced=respelled(spaced),
        furniture={
            f"{piece.kind}, {end}": moved(variant)
            for piece in furniture
            for end, variant in _furnished(articles, piece).items()
        },
    )


def _furnished(
    articles: Iterable[Article], piece: Piece
) -> Mapping[str, list[Article]]:
    found = list(articles)
    return {
        "before": [Article(one.title, f"{piece.text}\n{one.text}") for one in found],
        "after": [Article(one.title, f"{one.text}\n{piece.text}") for one in found],
    }


def _tags(tagger: Tagger, articles: Iterable[Article]) -> Tags:
    """Scores and decisions, topics in the order of the model."""
    places = {topic.id: place for place, topic in enumerate(tagger.model.topics)}
    scores, assigned = [], []
    for tagged in tagger.tag(articles):
        ordered = sorted(tagged.topics, key=lambda one: places[one.id])
        scores.append([one.score for one in ordered])
        assigned.append([one.assigned for one in ordered])
    return Tags(np.array(scores), np.array(assigned))
