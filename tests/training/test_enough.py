"""A topic that too few passages speak of stops training with the cure."""

from dataclasses import replace

import pytest

from training.build import train
from training.corpus import is_held_out
from training.seed_files import SeedError
from training.seeds import SeedSet


def test_a_topic_without_passages_is_named(seed_set: SeedSet) -> None:
    first, *_ = seed_set.topics
    without = [seed for seed in seed_set.seeds if first.id not in seed.topics]
    told = rf"topics.toml, line 1: 0 passages carry {first.id}, .*; write 10 more in "
    with pytest.raises(SeedError, match=told):
        train(replace(seed_set, seeds=tuple(without)), lambda _: None)


def test_topics_that_everything_carries_are_named(seed_set: SeedSet) -> None:
    first, *_ = seed_set.topics
    carrying = [seed for seed in seed_set.seeds if first.id in seed.topics]
    with pytest.raises(SeedError, match=rf"passages do not carry {first.id}, "):
        train(replace(seed_set, seeds=tuple(carrying)), lambda _: None)


def test_held_out_passages_are_told_apart(seed_set: SeedSet) -> None:
    last = seed_set.topics[-1]
    carrying = [one for one in seed_set.seeds if last.id in one.topics and one.text]
    held_out = [one for one in carrying if is_held_out(one)]
    learned = [one for one in carrying if not is_held_out(one) and not one.whole]
    others = [one for one in seed_set.seeds if last.id not in one.topics]
    few = (*held_out, *learned[:9], *others)
    told = rf"topics.toml, line 7: 9 passages carry {last.id}, held-out .* write 1 more"
    with pytest.raises(SeedError, match=told):
        train(replace(seed_set, seeds=few), lambda _: None)
