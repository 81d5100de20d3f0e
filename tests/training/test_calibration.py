import joblib
import numpy as np
import pytest
import scipy.sparse as sp
from sklearn.metrics import fbeta_score

from service.tagging.kernel import Reading
from training.calibration import (
    Calibrated,
    Fitted,
    calibrate,
    composed_articles,
    fit_topics,
    found_articles,
    scores_of,
    summarise,
)
from training.corpus import CARRIED, FOLDS, UNMARKED, Corpus, build_corpus
from training.pipeline import LinearModel, build_blocks, fit_topic
from training.seeds import SeedSet
from training.thresholds import MORE_LIKELY_THAN_NOT, preferred_threshold, review_band

VALUES = np.array([-1.0, 2.0, 0.5, -3.0, -2.0])
OWNER = np.array([0, 0, 0, 1, 2])
N_WORDS = np.array([9.0, 8.0, 7.0, 6.0, 5.0])


def plain_corpus(grades: list[int], whole: list[bool]) -> Corpus:
    """Seeds of one topic; an article has two passages."""
    owner = np.repeat(np.arange(len(grades)), [2 if one else 1 for one in whole])
    return Corpus(
        words=["نفت"],
        counts=sp.csr_matrix(np.ones((len(owner), 1))),
        owner=owner,
        grades=np.array(grades, np.int8)[:, None],
        passage_grades=np.where(
            np.array(whole) & (np.array(grades) == CARRIED), UNMARKED, grades
        )[owner, None],
        whole=np.array(whole),
        fold=np.arange(len(grades)) % FOLDS,
    )


class TestSummarise:
    def test_features(self) -> None:
        assert summarise(VALUES, N_WORDS, OWNER, 3) == pytest.approx(
            np.array(
                [
                    [2.0, 0.5, np.log(3), np.log(8)],
                    [-3.0, -3.0, 0.0, np.log(6)],
                    [-2.0, -2.0, 0.0, np.log(5)],
                ]
            )
        )

    def test_order_of_passages_does_not_matter(self) -> None:
        order = np.array([4, 2, 0, 3, 1])
        shuffled = summarise(VALUES[order], N_WORDS[order], OWNER[order], 3)
        assert shuffled == pytest.approx(summarise(VALUES, N_WORDS, OWNER, 3))


class TestArticles:
    def test_found_are_whole_and_not_borderline(self) -> None:
        corpus = plain_corpus([2, 1, 0, 2], [True, True, True, False])
        values = np.array([1.0, -1.0, 5.0, 5.0, -2.0, -4.0, 9.0])
        found = found_articles(values, corpus, 0)
        assert found.features[:, 0].tolist() == [1.0, -2.0]
        assert found.carries.tolist() == [True, False]

    def test_composed_hold_the_passage_added(self) -> None:
        """Where every carrying passage is worth 5 and every other -5."""
        grades = [2] * 5 + [0] * 10
        corpus = plain_corpus(grades, [False] * 12 + [True] * 3)
        carrying = corpus.grades[corpus.owner, 0] == 2
        composed = composed_articles(np.where(carrying, 5.0, -5.0), corpus, 0)
        best, mean, log_count, _ = composed.features.T
        assert (best[composed.carries] == 5.0).all()
        assert (best[~composed.carries] == -5.0).all()
        assert mean[~composed.carries] == pytest.approx(-5.0)
        once = -5.0 + 10.0 / np.exp(log_count[composed.carries])
        assert mean[composed.carries] == pytest.approx(once)
        assert composed.carries.mean() == pytest.approx(0.5, abs=0.05)

    def test_composed_are_the_same_every_time(self) -> None:
        corpus = plain_corpus([2] * 5 + [0] * 10, [False] * 12 + [True] * 3)
        values = np.arange(18.0)
        first, again = (composed_articles(values, corpus, 0) for _ in range(2))
        assert np.array_equal(first.features, again.features)
        assert np.array_equal(first.carries, again.carries)

    def test_composed_without_any_article(self) -> None:
        corpus = plain_corpus([2] * 5 + [0] * 10, [False] * 15)
        composed = composed_articles(np.arange(15.0), corpus, 0)
        assert np.isfinite(composed.features).all()


@pytest.fixture(scope="module")
def corpus() -> Corpus:
    random = np.random.default_rng(0)
    grades = np.where(random.random(800) < 0.5, 2, 0)
    return plain_corpus(grades.tolist(), [True] * 400 + [False] * 400)


@pytest.fixture(scope="module")
def calibrated(corpus: Corpus) -> Calibrated:
    """Of passages whose values tell something, but not all."""
    carrying = corpus.grades[corpus.owner, 0] == 2
    noise = np.random.default_rng(1).normal(size=len(carrying))
    unused = LinearModel(np.zeros(1), 0.0)
    fitted = Fitted(unused, np.where(carrying, 1.0, -1.0) + noise)
    return calibrate(fitted, corpus, 0)


class TestCalibrate:
    def test_scores_are_probabilities(self, calibrated: Calibrated) -> None:
        for low, high in ((0.0, 0.25), (0.25, 0.75), (0.75, 1.0)):
            within = (calibrated.scores >= low) & (calibrated.scores < high)
            weights = calibrated.articles.weights[within]
            carries = calibrated.articles.carries[within]
            assert np.average(carries, weights=weights) == pytest.approx(
                np.average(calibrated.scores[within], weights=weights), abs=0.05
            )

    def test_scores_are_nearly_those_of_the_calibration(
        self, calibrated: Calibrated
    ) -> None:
        """Only nearly, as the one that gave them had not seen the article."""
        final = scores_of(calibrated.coefficients, calibrated.articles.features)
        assert calibrated.scores == pytest.approx(final, abs=0.1)
        assert not np.array_equal(calibrated.scores, final)

    def test_articles_are_found_and_composed(
        self, calibrated: Calibrated, corpus: Corpus
    ) -> None:
        weights = calibrated.articles.weights
        assert (weights == 1.0).sum() == corpus.whole.sum()
        assert (weights < 1.0).sum() > 1000

    def test_joined_and_only(self, calibrated: Calibrated) -> None:
        articles = calibrated.articles
        twice = articles.joined(articles)
        size = len(articles.carries)
        assert len(twice.carries) == 2 * size
        again = twice.only(np.arange(2 * size) >= size)
        assert np.array_equal(again.features, articles.features)
        assert np.array_equal(again.carries, articles.carries)
        assert np.array_equal(again.weights, articles.weights)

    def test_scores_of_is_the_logistic_function(self) -> None:
        coefficients = np.array([2.0, 0.0, -1.0, 0.5])
        features = np.array([[1.0, 9.0, 2.0], [0.0, 9.0, 0.5]])
        expected = [1 / (1 + np.exp(-0.5)), 0.5]
        assert scores_of(coefficients, features) == pytest.approx(expected)


class TestThresholds:
    def test_one_half_parts_the_preferences(self, calibrated: Calibrated) -> None:
        strict = preferred_threshold("precision", calibrated)
        lenient = preferred_threshold("recall", calibrated)
        assert 0.0 < lenient < MORE_LIKELY_THAN_NOT < strict < 1.0

    @pytest.mark.parametrize(
        ("preference", "beta"), [("precision", 0.5), ("recall", 2)]
    )
    def test_no_threshold_on_its_side_is_better(
        self, calibrated: Calibrated, preference: str, beta: float
    ) -> None:
        articles = calibrated.articles

        def f_score(threshold: float) -> float:
            return float(
                fbeta_score(
                    articles.carries,
                    calibrated.scores >= threshold,
                    beta=beta,
                    sample_weight=articles.weights,
                )
            )

        best = f_score(preferred_threshold(preference, calibrated))
        for step in range(1, 50):
            distance = step / 100
            other = 0.5 + distance if preference == "precision" else 0.5 - distance
            assert f_score(other) <= best + 1e-9

    def test_review_band_holds_nine_tenths_of_wrong_decisions(
        self, calibrated: Calibrated
    ) -> None:
        low, high = review_band(calibrated)
        assert low == pytest.approx(1 - high)
        scores, articles = calibrated.scores, calibrated.articles
        wrong = (scores >= 0.5) != articles.carries
        inside = (scores >= low) & (scores <= high)
        caught = articles.weights[wrong & inside].sum() / articles.weights[wrong].sum()
        assert 0.9 <= caught + 1e-9 < 0.95

    def test_no_band_where_nothing_is_wrong(self, calibrated: Calibrated) -> None:
        right = Calibrated(
            calibrated.coefficients,
            calibrated.articles,
            np.where(calibrated.articles.carries, 0.9, 0.1),
        )
        assert review_band(right) == (0.5, 0.5)


class TestFitTopics:
    def test_values_come_from_models_that_have_not_seen_the_seed(
        self, seed_set: SeedSet, reading: Reading
    ) -> None:
        corpus = build_corpus(seed_set, seed_set.seeds, reading)
        rows = build_blocks(corpus).rows(corpus.counts)
        with joblib.parallel_config(backend="sequential"):
            every = fit_topics(rows, corpus)
        for topic, fitted in enumerate(every):
            for left_out in range(FOLDS):
                model = fit_topic(
                    rows, corpus, topic, corpus.fold != left_out, rounds=1
                )
                chosen = corpus.fold[corpus.owner] == left_out
                assert fitted.values[chosen] == pytest.approx(
                    model.decide(rows[chosen])
                )
            of_all = fit_topic(rows, corpus, topic, np.ones(corpus.n_seeds, bool))
            assert fitted.model.intercept == pytest.approx(of_all.intercept)
            assert fitted.model.coefficients == pytest.approx(of_all.coefficients)
