"""From passages' decision values to an article's calibrated score.

The best of thirty passages is higher by chance than the best of three, so the
calibration is fitted on articles, by models that have not seen them: whole seeds, and
articles composed of a passage and a background.
"""

from dataclasses import dataclass

import joblib
import numpy as np
import scipy.sparse as sp
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from training.corpus import ABSENT, BORDERLINE, CARRIED, FOLDS, Corpus
from training.pipeline import ROUNDS, LinearModel, fit_topic

Values = NDArray[np.float64]
_COMPOSED = 1500  # articles a topic
_COMPOSED_WEIGHT = 0.1  # beside 1 for a seed that is an article
_LENGTHS = (3, 12)  # passages of a background that is drawn, not found
_REGULARISATION = 10.0
_JOBS = 2
_UNSEEN_ROUNDS = 1  # of choosing passages where a fold is left out; more tell no more


@dataclass(frozen=True, eq=False)
class Fitted:
    """One topic's linear model and what it says of seeds it has not seen.

    Attributes:
        model: Fitted on every seed.
        values: Shape (passages,): decision values of models fitted without the
            passage's fold.
    """

    model: LinearModel
    values: Values


def fit_topics(rows: sp.csr_matrix, corpus: Corpus) -> list[Fitted]:
    """Fit every topic, on all seeds and on all folds but one in turn."""
    n_topics = corpus.grades.shape[1]
    rounds = [ROUNDS, *FOLDS * [_UNSEEN_ROUNDS]]
    # Processes, as the solver's random numbers are shared between threads.
    with joblib.Parallel(n_jobs=_JOBS) as parallel:
        models = parallel(
            joblib.delayed(fit_topic)(
                rows, corpus, topic, corpus.fold != left_out, times
            )
            for topic in range(n_topics)
            for left_out, times in enumerate(rounds, -1)
        )
    fitted = []
    fold = corpus.fold[corpus.owner]
    for topic in range(n_topics):
        of_all, *of_folds = models[topic * (FOLDS + 1) : (topic + 1) * (FOLDS + 1)]
        values = np.empty(len(corpus.owner))
        for left_out, model in enumerate(of_folds):
            values[fold == left_out] = model.decide(rows[fold == left_out])
        fitted.append(Fitted(of_all, values))
    return fitted


def summarise(
    values: Values, n_words: Values, owner: NDArray[np.int64], n_owners: int
) -> Values:
    """An article's features for calibration.

    Args:
        values: Shape (passages,): decision values.
        n_words: Shape (passages,): how many words each has.
        owner: Shape (passages,): the article that each belongs to.
        n_owners: How many articles there are; every one needs a passage.

    Returns:
        Shape (articles, 4): best value, mean, logarithm of the number of passages,
        logarithm of the number of words of the best.
    """
    order = np.lexsort((-values, owner))
    owners = owner[order]
    best = order[np.searchsorted(owners, np.arange(n_owners))]
    count = np.bincount(owners, minlength=n_owners)
    mean = np.bincount(owners, weights=values[order], minlength=n_owners) / count
    return np.column_stack([values[best], mean, np.log(count), np.log(n_words[best])])


@dataclass(frozen=True, eq=False)
class Articles:
    """Articles to calibrate one topic on: features, truth and weight of each."""

    features: Values
    carries: NDArray[np.bool_]
    weights: Values

    def only(self, chosen: NDArray[np.bool_]) -> "Articles":
        """Some of them."""
        return Articles(
            self.features[chosen], self.carries[chosen], self.weights[chosen]
        )

    def joined(self, other: "Articles") -> "Articles":
        """Both together."""
        return Articles(
            np.vstack([self.features, other.features]),
            np.concatenate([self.carries, other.carries]),
            np.concatenate([self.weights, other.weights]),
        )


def found_articles(values: Values, corpus: Corpus, topic: int) -> Articles:
    """The seeds that are articles, those left out that only name the topic."""
    features = summarise(values, corpus.n_words, corpus.owner, corpus.n_seeds)
    grades = corpus.grades[:, topic]
    chosen = corpus.whole & (grades != BORDERLINE)
    return Articles(features[chosen], grades[chosen] == CARRIED, np.ones(chosen.sum()))


def composed_articles(values: Values, corpus: Corpus, topic: int) -> Articles:
    """Backgrounds without the topic, to which one passage is added.

    Half of the backgrounds are seeds that are articles, half are drawn together from
    passages; half of the added passages carry the topic by themselves.
    """
    random = np.random.default_rng(topic)
    grades = corpus.passage_grades[:, topic]
    single = ~corpus.whole[corpus.owner]
    carrying = np.flatnonzero(grades == CARRIED)
    ordinary = np.flatnonzero(single & (grades == ABSENT))
    found = np.flatnonzero(corpus.whole & (corpus.grades[:, topic] == ABSENT))
    passages: list[NDArray[np.int64]] = []
    carries = random.random(_COMPOSED) < 0.5  # noqa: PLR2004
    for carried in carries:
        if len(found) and random.random() < 0.5:  # noqa: PLR2004
            background = _passages_of(corpus, int(random.choice(found)))
        else:
            background = random.choice(ordinary, random.integers(*_LENGTHS))
        added = random.choice(carrying if carried else ordinary)
        passages.append(np.append(background, added))
    owner = np.repeat(np.arange(_COMPOSED), [len(found) for found in passages])
    chosen = np.concatenate(passages)
    features = summarise(values[chosen], corpus.n_words[chosen], owner, _COMPOSED)
    return Articles(features, carries, np.full(_COMPOSED, _COMPOSED_WEIGHT))


def _passages_of(corpus: Corpus, seed: int) -> NDArray[np.int64]:
    """A seed's passages, which stand together."""
    first, end = np.searchsorted(corpus.owner, [seed, seed + 1])
    return np.arange(first, end)


@dataclass(frozen=True, eq=False)
class Calibrated:
    """One topic's calibration, and the scores it gives to articles it has not seen.

    Attributes:
        coefficients: Shape (5,): one for each feature, then the intercept.
        articles: What it was fitted on.
        scores: Shape (articles,): scores by calibrations fitted without the article.
    """

    coefficients: Values
    articles: Articles
    scores: Values

    @property
    def found_scores(self) -> Values:
        """Those of seeds that are articles, without the composed ones."""
        return self.scores[self.articles.weights > _COMPOSED_WEIGHT]


def calibrate(fitted: Fitted, corpus: Corpus, topic: int) -> Calibrated:
    """Fit the logistic regression that makes a score of an article's features."""
    articles = found_articles(fitted.values, corpus, topic).joined(
        composed_articles(fitted.values, corpus, topic)
    )
    order = np.random.default_rng(topic).permutation(len(articles.carries))
    scores = np.empty(len(order))
    for fold in range(FOLDS):
        unseen = order % FOLDS == fold
        coefficients = _regress(articles.only(~unseen))
        scores[unseen] = scores_of(coefficients, articles.features[unseen])
    return Calibrated(_regress(articles), articles, scores)


def _regress(articles: Articles) -> Values:
    regression = LogisticRegression(C=_REGULARISATION, max_iter=1000)
    regression.fit(articles.features, articles.carries, articles.weights)
    return np.append(regression.coef_[0], regression.intercept_)


def scores_of(coefficients: Values, features: Values) -> Values:
    """Calibrated scores, shape (articles,)."""
    values = features @ coefficients[:-1] + coefficients[-1]
    return np.asarray(1.0 / (1.0 + np.exp(-values)))
