"""A topic that too few passages speak of stops training with the cure."""

from dataclasses import replace
from pathlib import Path

import pytest

from training.build import train
from training.seed_files import SeedError
from training.seeds import read_seeds

SEEDS = Path(__file__).resolve().parents[1] / "seeds"


def test_a_topic_without_passages_is_named() -> None:
    seed_set = read_seeds(SEEDS)
    first, *_ = seed_set.topics
    without = [seed for seed in seed_set.seeds if first.id not in seed.topics]
    with pytest.raises(SeedError, match=rf"0 passages carry {first.id}; write at"):
        train(replace(seed_set, seeds=tuple(without)), lambda _: None)


def test_topics_that_everything_carries_are_named() -> None:
    seed_set = read_seeds(SEEDS)
    first, *_ = seed_set.topics
    carrying = [seed for seed in seed_set.seeds if first.id in seed.topics]
    with pytest.raises(SeedError, match=rf"passages do not carry {first.id}; write"):
        train(replace(seed_set, seeds=tuple(carrying)), lambda _: None)
