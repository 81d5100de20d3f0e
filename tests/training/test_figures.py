import json
import math
from dataclasses import replace

import numpy as np
import pytest

from service.tagging.tagger import Article, Tagger
from training.decisions import Decisions, by_group, decide
from training.figures import as_json, report
from training.gold import Graded, as_graded
from training.seeds import SeedSet

TOPICS = ("energy", "football")


def some_decisions(n_articles: int = 60) -> Decisions:
    random = np.random.default_rng(3)
    shape = (n_articles, len(TOPICS))
    scores = random.random(shape).round(2)  # some scores come twice
    assigned = scores >= np.array([0.4, 0.7])
    grades = random.integers(0, 3, shape).astype(np.int8)
    return Decisions(TOPICS, grades, scores, assigned, np.zeros(shape, bool))


class TestReport:
    """Against a count of our own, borderline grades left out."""

    @pytest.fixture
    def decisions(self) -> Decisions:
        return some_decisions()

    @staticmethod
    def count(decisions: Decisions, column: int) -> tuple[int, int, int]:
        """Right tags, wrong tags, missed tags."""
        right = wrong = missed = 0
        for grade, tagged in zip(
            decisions.grades[:, column], decisions.assigned[:, column], strict=True
        ):
            if grade == 2:
                right += bool(tagged)
                missed += not tagged
            elif grade == 0:
                wrong += bool(tagged)
        return right, wrong, missed

    @staticmethod
    def average_precision(decisions: Decisions, column: int) -> float:
        """The area under the steps of recall, one for each distinct score."""
        pairs = [
            (score, grade == 2)
            for score, grade in zip(
                decisions.scores[:, column], decisions.grades[:, column], strict=True
            )
            if grade != 1
        ]
        carried = sum(carries for _, carries in pairs)
        area = recall = 0.0
        for threshold in sorted({score for score, _ in pairs}, reverse=True):
            tagged = [carries for score, carries in pairs if score >= threshold]
            area += (sum(tagged) / carried - recall) * sum(tagged) / len(tagged)
            recall = sum(tagged) / carried
        return area

    def test_each_topic(self, decisions: Decisions) -> None:
        for column, topic in enumerate(TOPICS):
            right, wrong, missed = self.count(decisions, column)
            figures = report(decisions).topics[topic]
            assert figures.carried == right + missed
            assert figures.precision == pytest.approx(right / (right + wrong))
            assert figures.recall == pytest.approx(right / (right + missed))
            assert figures.f1 == pytest.approx(2 * right / (2 * right + wrong + missed))
            assert figures.average_precision == pytest.approx(
                self.average_precision(decisions, column)
            )

    def test_macro_is_the_mean_of_the_topics(self, decisions: Decisions) -> None:
        reported = report(decisions)
        for name in ("precision", "recall", "f1", "average_precision"):
            each = [getattr(one, name) for one in reported.topics.values()]
            assert getattr(reported.macro, name) == pytest.approx(sum(each) / len(each))

    def test_micro_counts_all_decisions_together(self, decisions: Decisions) -> None:
        counts = [self.count(decisions, column) for column in range(len(TOPICS))]
        right, wrong, missed = map(sum, zip(*counts, strict=True))
        micro = report(decisions).micro
        assert micro.carried == report(decisions).macro.carried == right + missed
        assert micro.precision == pytest.approx(right / (right + wrong))
        assert micro.recall == pytest.approx(right / (right + missed))
        assert micro.f1 == pytest.approx(2 * right / (2 * right + wrong + missed))

    def test_borderline_counts_neither_way(self, decisions: Decisions) -> None:
        flipped = np.where(
            decisions.grades == 1, ~decisions.assigned, decisions.assigned
        )
        scores = np.where(decisions.grades == 1, 1 - decisions.scores, decisions.scores)
        other = replace(decisions, scores=scores, assigned=flipped)
        assert as_json(report(other)) == as_json(report(decisions))

    def test_topic_that_no_article_carries(self) -> None:
        decisions = some_decisions()
        grades = decisions.grades.copy()
        grades[:, 1] = 0
        reported = report(replace(decisions, grades=grades))
        football = reported.topics["football"]
        assert (football.carried, football.recall, football.f1) == (0, 0.0, 0.0)
        assert math.isnan(football.average_precision)
        assert reported.macro.f1 == reported.topics["energy"].f1

    def test_nothing_assigned(self) -> None:
        decisions = some_decisions()
        none = np.zeros_like(decisions.assigned)
        reported = report(replace(decisions, assigned=none))
        energy = reported.topics["energy"]
        assert (energy.precision, energy.recall, energy.f1) == (0.0, 0.0, 0.0)

    def test_nothing_carried_at_all(self) -> None:
        decisions = some_decisions()
        absent = np.zeros_like(decisions.grades)
        reported = report(replace(decisions, grades=absent))
        assert math.isnan(reported.macro.f1)
        assert reported.micro.f1 == 0.0

    def test_json(self) -> None:
        reported = report(some_decisions())
        found = json.loads(json.dumps(as_json(reported)))
        assert list(found) == ["articles", "energy", "football", "macro", "micro"]
        assert found["energy"]["carried"] == reported.topics["energy"].carried
        assert found["macro"]["f1"] == pytest.approx(reported.macro.f1, abs=1e-4)


class TestDecide:
    def test_columns_are_the_models_topics(
        self, tagger: Tagger, seed_set: SeedSet
    ) -> None:
        graded = as_graded(seed_set.seeds, TOPICS)
        decisions = decide(tagger, graded)
        assert decisions.topics == TOPICS
        articles = [one.article for one in graded]
        for row, tagged in enumerate(tagger.tag(articles)):
            for scored in tagged.topics:
                column = TOPICS.index(scored.id)
                assert decisions.scores[row, column] == scored.score
                assert decisions.assigned[row, column] == scored.assigned
                assert decisions.review[row, column] == scored.review
                grade = 2 if scored.id in seed_set.seeds[row].topics else 0
                assert decisions.grades[row, column] == grade

    def test_small_model_knows_its_seeds(
        self, tagger: Tagger, seed_set: SeedSet
    ) -> None:
        decisions = decide(tagger, as_graded(seed_set.seeds, TOPICS))
        assert report(decisions).macro.f1 > 0.9

    def test_every_group_apart(self) -> None:
        decisions = some_decisions(4)
        graded = [
            Graded(Article("", "متن"), {}, groups)
            for groups in (("slice a", "half 1"), ("slice a",), ("slice b",), ())
        ]
        groups = by_group(decisions, graded)
        assert list(groups) == ["all", "half 1", "slice a", "slice b"]
        assert [len(one.grades) for one in groups.values()] == [4, 1, 2, 1]
        assert np.array_equal(groups["slice a"].scores, decisions.scores[:2])
        assert np.array_equal(groups["slice b"].assigned, decisions.assigned[2:3])
