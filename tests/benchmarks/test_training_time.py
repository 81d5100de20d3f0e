from pathlib import Path

from benchmarks.training_time import compose
from training.seeds import read_seeds

SEEDS = read_seeds(Path(__file__).parents[1] / "seeds").seeds


def test_composed_passages_are_like_the_seeds() -> None:
    composed = compose(SEEDS, 300)
    assert len(composed) == 300
    assert len({seed.text for seed in composed}) > 290
    assert all(seed.text and not seed.whole for seed in composed)
    assert {seed.topics for seed in composed} <= {seed.topics for seed in SEEDS}
    assert composed == compose(SEEDS, 300)


def test_composed_passages_bring_words_of_their_own() -> None:
    known = {word for seed in SEEDS for word in seed.text.split()}
    composed = compose(SEEDS, 300)
    words = [word for seed in composed for word in seed.text.split()]
    unknown = [word for word in words if word not in known]
    assert 0 < len(unknown) < 0.02 * len(words)
