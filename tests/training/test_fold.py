"""The folded tables against scikit-learn's own pipeline, taken at its word."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import joblib
import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.feature_extraction.text import TfidfVectorizer

from service.tagging import features, kernel
from service.tagging.kernel import Reading, Weights
from service.tagging.model_file import frozen
from service.tagging.tagger import Article, Tagger
from training.calibration import (
    Calibrated,
    Fitted,
    calibrate,
    fit_topics,
    scores_of,
    summarise,
)
from training.corpus import build_corpus, count_passages
from training.fold import fold
from training.pipeline import MIN_PASSAGES, LinearModel, block, build_blocks
from training.seeds import SeedSet

UNSEEN = (
    "پالایشگاهسازان نفتکشی و گازرسانی را در 1404 ستودند",
    "ورزشگاهداران فوتبالدوست، نیروگاهیان برقکار",
    "قسطنطنیهشناسانهترینهایشانانگارانهتر نفتی",  # longer than its n-grams reach
    "ژژژ ثثث",
)


@dataclass(frozen=True)
class Literal:
    """TfidfVectorizer over words' blocks, rows scaled, linear coefficients."""

    vectorizer: TfidfVectorizer
    coefficients: NDArray[np.float64]
    intercepts: NDArray[np.float64]

    def decide(self, passage: Sequence[str]) -> NDArray[np.float64]:
        """Decision values of one passage, shape (topics,)."""
        row = self.vectorizer.transform([passage])
        squared = sum(
            times**2 * self.squared_norm(word)
            for word, times in Counter(passage).items()
        )
        scale = 1.0 / np.sqrt(squared) if squared else 0.0
        return (row @ self.coefficients)[0] * scale + self.intercepts

    def squared_norm(self, word: str) -> float:
        idf = dict(zip(self.vectorizer.vocabulary_, self.idf, strict=True))
        return sum(idf[name] ** 2 for name in block(word) if name in idf)

    @property
    def idf(self) -> NDArray[np.float64]:
        places = list(self.vectorizer.vocabulary_.values())
        return np.asarray(self.vectorizer.idf_[places])


@dataclass(frozen=True)
class Folded:
    """Decision values from the tables, by the compiled pass."""

    weights: Weights
    reading: Reading

    def decide(self, title: str, text: str) -> list[NDArray[np.float64]]:
        """Decision values of each passage of an article, shape (topics,)."""
        n_passages, words, letters = kernel.read_words(
            features.code_points(f"{title}\n{text}"), len(title), self.reading
        )
        rooms = kernel.workspace(0, 0).rooms
        sums = np.empty(kernel.width_of(len(self.weights.intercepts)))
        decided = []
        for passage in range(n_passages):
            values = np.empty(len(self.weights.intercepts))
            kernel.score_passage(
                self.weights,
                words[words["passage"] == passage],
                letters,
                rooms,
                sums,
                values,
            )
            decided.append(values)
        return decided


def words_of(counted: dict[str, int]) -> list[str]:
    return [word for word, times in counted.items() for _ in range(times)]


@dataclass(frozen=True)
class Trained:
    """The small seeds, learned."""

    words: list[str]
    fitted: list[Fitted]
    calibrated: list[Calibrated]
    literal: Literal
    folded: Folded


@pytest.fixture(scope="module")
def trained(seed_set: SeedSet, reading: Reading) -> Trained:
    corpus = build_corpus(seed_set, seed_set.seeds, reading)
    blocks = build_blocks(corpus)
    with joblib.parallel_config(backend="sequential"):
        fitted = fit_topics(blocks.rows(corpus.counts), corpus)
    calibrated = [calibrate(one, corpus, topic) for topic, one in enumerate(fitted)]
    vectorizer = TfidfVectorizer(
        analyzer=lambda words: [name for word in words for name in block(word)],
        norm=None,
        min_df=MIN_PASSAGES,
    )
    vectorizer.fit(
        [
            word
            for column in row.indices
            for word in [corpus.words[column]] * int(row[0, column])
        ]
        for row in corpus.counts
    )
    places = [vectorizer.vocabulary_[name] for name in blocks.names]
    coefficients = np.zeros((len(places), len(fitted)))
    coefficients[places] = np.column_stack([one.model.coefficients for one in fitted])
    intercepts = np.array([one.model.intercept for one in fitted])
    weights = frozen(fold(corpus.words, blocks, fitted, calibrated))
    return Trained(
        corpus.words,
        fitted,
        calibrated,
        Literal(vectorizer, coefficients, intercepts),
        Folded(weights, reading),
    )


class TestDecisionValues:
    def test_agree_on_every_passage_of_every_seed(
        self, trained: Trained, seed_set: SeedSet, reading: Reading
    ) -> None:
        for seed in seed_set.seeds:
            expected = [
                trained.literal.decide(words_of(passage))
                for passage in count_passages(seed.title, seed.text, reading)
            ]
            found = trained.folded.decide(seed.title, seed.text)
            assert len(found) == len(expected)
            assert np.abs(np.subtract(found, expected)).max() < 1e-6, seed.place

    @pytest.mark.parametrize("text", UNSEEN)
    def test_agree_on_words_never_seen(
        self, trained: Trained, reading: Reading, text: str
    ) -> None:
        (passage,) = count_passages("", text, reading)
        assert set(passage) - set(trained.words)
        (found,) = trained.folded.decide("", text)
        expected = trained.literal.decide(words_of(passage))
        assert np.abs(found - expected).max() < 1e-6

    def test_repeated_words_count_squared(
        self, trained: Trained, reading: Reading
    ) -> None:
        text = "نفت نفت نفت گاز گاز برق"
        (passage,) = count_passages("", text, reading)
        assert passage["نفت"] == 3
        (found,) = trained.folded.decide("", text)
        expected = trained.literal.decide(words_of(passage))
        assert np.abs(found - expected).max() < 1e-6

    def test_fewer_known_words_change_nothing_but_the_words_themselves(
        self, trained: Trained, seed_set: SeedSet, reading: Reading
    ) -> None:
        """A word without a row of its own is summed from its n-grams."""
        corpus = build_corpus(seed_set, seed_set.seeds, reading)
        blocks = build_blocks(corpus)
        n_topics = len(trained.fitted)
        plain = [
            Fitted(
                LinearModel(
                    np.where([name[0] == "=" for name in blocks.names], 0, weights),
                    0.0,
                ),
                np.empty(0),
            )
            for weights in (one.model.coefficients for one in trained.fitted)
        ]
        full, none = (
            fold(words, blocks, plain, trained.calibrated)
            for words in (corpus.words, corpus.words[:1])
        )
        tables = frozen(none)
        for word in corpus.words[1:50]:
            letters = np.frombuffer(word.encode("utf-32-le"), np.uint32)
            row = np.zeros(n_topics + 1)
            room = np.empty(len(word), np.uint64)
            kernel.add_ngrams(tables, letters, room, row)
            slot = kernel.slot_of(full.words, np.uint64(features.key_of(word)))
            known = features.weights_of(full.words, n_topics + 1)[slot]
            assert row[:n_topics] == pytest.approx(known[:n_topics])


class TestScores:
    def test_tagger_gives_the_calibrated_score(
        self, tagger: Tagger, seed_set: SeedSet
    ) -> None:
        """The small model's own tables, its scores by the formula of training."""
        folded = Folded(tagger.model.weights, tagger.model.reading)
        topics = [topic.id for topic in tagger.model.topics]
        for seed in seed_set.seeds:
            (tagged,) = tagger.tag([Article(seed.title, seed.text)])
            values = np.array(folded.decide(seed.title, seed.text))
            passages = features.passages(seed.title, seed.text, folded.reading)
            n_words = np.array([len(passage) for passage in passages])
            scores = {one.id: one.score for one in tagged.topics}
            for column, topic in enumerate(topics):
                summary = summarise(
                    values[:, column], n_words, np.zeros(len(values), int), 1
                )
                expected = scores_of(tagger.model.weights.calibration[column], summary)
                assert scores[topic] == pytest.approx(expected[0], abs=1e-9)


def test_same_key_twice_is_refused(trained: Trained, seed_set: SeedSet) -> None:
    corpus = build_corpus(seed_set, seed_set.seeds, trained.folded.reading)
    blocks = build_blocks(corpus)
    with pytest.raises(ValueError, match="the same key"):
        fold(["نفت", "نفت"], blocks, trained.fitted, trained.calibrated)
