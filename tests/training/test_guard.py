"""What a new model does to held-out seeds, and what counts as worse."""

import json
from dataclasses import replace

import msgspec
import numpy as np
import pytest

from service.tagging.kernel import Reading
from service.tagging.model_file import Model, frozen
from service.tagging.tagger import Article, Tagger
from service.tagging.topics import Topic
from training.bootstrap import Estimate
from training.corpus import is_held_out
from training.guard import Change, Comparison, Example, compare
from training.guard_report import as_json, as_table
from training.seeds import Seed, SeedSet
from training.split import unlike_learned


@pytest.fixture
def seeds(seed_set: SeedSet) -> list[Seed]:
    return [seed for seed in seed_set.seeds if seed.text and not seed.title]


@pytest.fixture
def silent(model: Model) -> Model:
    """A model that gives no tag."""
    return replace(model, version="silent", thresholds=np.full(2, 1.5))


def compared(live: Model, new: Model, seeds: list[Seed]) -> Comparison:
    comparison = compare(live, new, seeds)
    assert comparison is not None
    return comparison


class TestCompare:
    def test_with_itself(self, model: Model, seeds: list[Seed]) -> None:
        comparison = compared(model, model, seeds)
        assert comparison.macro.difference == (0.0, 0.0, 0.0)
        assert comparison.macro.before == comparison.macro.after > 0.9
        assert comparison.seeds == len(seeds)
        assert not comparison.is_worse
        for change in comparison.topics.values():
            assert (change.better, change.worse) == ((), ())

    def test_worse(self, model: Model, silent: Model, seeds: list[Seed]) -> None:
        comparison = compared(model, silent, seeds)
        assert comparison.is_worse
        for change in comparison.topics.values():
            assert change.after == 0.0
            assert change.difference.high < 0.0
            assert len(change.worse) == 3
            assert not any(one.assigned for one in change.worse)
            assert change.better == ()

    def test_better(self, model: Model, silent: Model, seeds: list[Seed]) -> None:
        comparison = compared(silent, model, seeds)
        assert comparison.live == "silent"
        assert not comparison.is_worse
        assert comparison.macro.difference.low > 0.0
        energy = comparison.topics["energy"]
        assert energy.worse == ()
        carried = {seed.text[:80] for seed in seeds if "energy" in seed.topics}
        assert all(one.assigned for one in energy.better)
        assert carried > {one.excerpt for one in energy.better}

    def test_farthest_moved_come_first(self, model: Model, seeds: list[Seed]) -> None:
        """Where all are tags and every score is one half."""
        weights = frozen(model.weights._replace(calibration=np.zeros((2, 5))))
        lenient = replace(model, weights=weights, thresholds=np.full(2, 0.5))
        worse = compared(model, lenient, seeds).topics["football"].worse
        scores = {
            seed.text[:80]: scored.score
            for seed in seeds
            for tagged in Tagger(model).tag([Article(seed.title, seed.text)])
            for scored in tagged.topics
            if scored.id == "football" and "football" not in seed.topics
        }
        least = sorted(scores.values())[:3]
        assert [scores[one.excerpt] for one in worse] == pytest.approx(least)
        assert all(one.assigned for one in worse)

    def test_a_little_worse_is_chance(self, model: Model, seeds: list[Seed]) -> None:
        """One wrong tag in so few seeds may be drawn, or not."""
        football = [seed for seed in seeds if "football" in seed.topics]
        wrong = [replace(football[0], topics=frozenset({"energy"}))]
        strict = replace(model, thresholds=np.array([0.5, 1.5]))
        few = [*wrong, *(seed for seed in seeds if "energy" in seed.topics)]
        comparison = compared(model, strict, few)
        assert not comparison.is_worse

    def test_topics_that_one_of_them_lacks(
        self, model: Model, seeds: list[Seed]
    ) -> None:
        chess = Topic("chess", "شطرنج", "Chess", "", "")
        other = replace(model, topics=(model.topics[0], chess))
        for live, new in ((model, other), (other, model)):
            comparison = compared(live, new, seeds)
            assert list(comparison.topics) == [model.topics[0].id]
            assert comparison.macro.difference == (0.0, 0.0, 0.0)

    def test_nothing_to_compare(self, model: Model, seeds: list[Seed]) -> None:
        others = [
            msgspec.structs.replace(topic, id=f"{topic.id}_x") for topic in model.topics
        ]
        assert compare(model, model, []) is None
        assert compare(replace(model, topics=tuple(others)), model, seeds) is None


class TestReport:
    @pytest.fixture
    def comparison(self) -> Comparison:
        nothing = Estimate(*3 * (float("nan"),))
        change = Change(
            0.5,
            0.75,
            Estimate(0.25, -0.125, 0.5),
            better=(Example(True, "نفت گران شد"),),
            worse=(Example(False, "برق رفت"),),
        )
        topics = {
            "energy": change,
            "football": Change(nothing.value, nothing.value, nothing),
        }
        return Comparison("0123", 7, Change(0.5, 0.75, change.difference), topics)

    def test_table(self, comparison: Comparison) -> None:
        assert as_table(comparison).split("\n") == [
            "beside the live model 0123, F1 on 7 held-out seeds:",
            "            before  after  difference (95 %)",
            "  energy     0.500  0.750  +0.250 (-0.125 to +0.500)",
            "  football       –      –  no held-out seed carries it",
            "  macro      0.500  0.750  +0.250 (-0.125 to +0.500)",
            "  energy better, now tagged: نفت گران شد",
            "  energy worse, no longer tagged: برق رفت",
        ]

    def test_json(self, comparison: Comparison) -> None:
        found = json.loads(json.dumps(as_json(comparison), allow_nan=False))
        assert found["held_out_seeds"] == 7
        assert found["topics"]["energy"] == {
            "before": 0.5,
            "after": 0.75,
            "value": 0.25,
            "low": -0.125,
            "high": 0.5,
            "better": [{"assigned": True, "excerpt": "نفت گران شد"}],
            "worse": [{"assigned": False, "excerpt": "برق رفت"}],
        }
        assert found["topics"]["football"]["low"] is None


class TestUnlikeLearned:
    """Texts of one kind, among them a held-out one that is nearly learned."""

    def seeds(self, seed: Seed) -> tuple[Seed, Seed, Seed]:
        """A learned seed, a held-out one nearly the same, and another held-out one."""
        text = (
            "باران شدید شبانه پل چوبی روستای کوهستانی را شست و کشاورزان ساکن دره ناچار "
            "از جاده خاکی قدیمی به بازار هفتگی شهر {} رفتند"
        )
        near = [replace(seed, text=text.format(digit)) for digit in range(100)]
        other = "موزه نقاشی معاصر پس از {} سال باز شد"
        others = [replace(seed, text=other.format(digit)) for digit in range(100)]
        return (
            next(one for one in near if not is_held_out(one)),
            next(one for one in near if is_held_out(one)),
            next(one for one in others if is_held_out(one)),
        )

    def test_near_duplicate_is_left_out(
        self, seed_set: SeedSet, reading: Reading
    ) -> None:
        learned, held_out, other = self.seeds(seed_set.seeds[-1])
        kept = [seed for seed in seed_set.seeds if is_held_out(seed)]
        without = replace(seed_set, seeds=(*seed_set.seeds, held_out, other))
        assert unlike_learned(without, reading) == [*kept, held_out, other]
        seeds = (*seed_set.seeds, learned, held_out, other)
        assert unlike_learned(replace(seed_set, seeds=seeds), reading) == [*kept, other]

    def test_nothing_held_out(self, seed_set: SeedSet, reading: Reading) -> None:
        learned = [seed for seed in seed_set.seeds if not is_held_out(seed)]
        for seeds in (learned, []):
            assert unlike_learned(replace(seed_set, seeds=tuple(seeds)), reading) == []
