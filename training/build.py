"""Seeds in, a promoted version of the model out."""

import platform
from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path

import numpy as np
from tqdm import tqdm

from service.tagging.features import build_reading
from service.tagging.kernel import Weights
from service.tagging.model_file import PREFERENCES, Model, ModelFileError, frozen
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Tagger
from training import evaluate
from training.calibration import Calibrated, calibrate, fit_topics
from training.compounds import compounds
from training.corpus import Corpus, build_corpus, is_held_out
from training.fold import fold
from training.pipeline import build_blocks
from training.seeds import SeedSet, digest, read_seeds
from training.thresholds import (
    MORE_LIKELY_THAN_NOT,
    preferred_threshold,
    review_band,
)

_LIBRARIES = ("hazm", "joblib", "numba", "numpy", "scikit-learn", "scipy")

Step = Callable[[str], None]
_STEPS = 7


def is_current(seeds_folder: Path, store: ModelStore) -> bool:
    """Whether the live model is usable and was trained on the present seeds."""
    try:
        return store.live().seeds == digest(seeds_folder)
    except ModelFileError:
        return False


def build(seeds_folder: Path, store: ModelStore) -> Model:
    """Train on a folder of seeds and make the result the live model.

    Raises:
        SeedError: A seed cannot be used; nothing is written.
    """
    with tqdm(total=_STEPS, unit="step", bar_format="{l_bar}{bar}| {elapsed}") as bar:

        def step(name: str) -> None:
            bar.set_description(f"{name:22}")
            bar.update()

        step("reading seeds")
        model = train(read_seeds(seeds_folder), step)
        step("writing the model")
        version_written = store.add(model)
    store.promote(version_written)
    return store.live()


def train(seed_set: SeedSet, step: Step) -> Model:
    """Train a model; its version is empty until it is written."""
    step("reading words")
    texts = [f"{seed.title} {seed.text}" for seed in seed_set.seeds]
    reading = frozen(build_reading(compounds(texts)))
    learned = [seed for seed in seed_set.seeds if not is_held_out(seed)]
    corpus = build_corpus(seed_set, learned, reading)
    weights, calibrated = _learn(corpus, step)
    model = Model(
        version="",
        topics=seed_set.topics,
        reading=reading,
        weights=frozen(weights),
        thresholds=np.full(len(seed_set.topics), MORE_LIKELY_THAN_NOT),
        preferred={
            name: np.array([preferred_threshold(name, one) for one in calibrated])
            for name in PREFERENCES
        },
        review=np.array([review_band(one) for one in calibrated]),
        seeds=seed_set.digest,
        libraries={"python": platform.python_version()}
        | {name: version(name) for name in _LIBRARIES},
        evaluation={},
    )
    step("evaluating")
    return replace(model, evaluation=_evaluation(model, seed_set))


def _learn(corpus: Corpus, step: Step) -> tuple[Weights, list[Calibrated]]:
    """The folded weights, and the calibration of every topic."""
    step("weighing words")
    blocks = build_blocks(corpus)
    rows = blocks.rows(corpus.counts)
    step("fitting topics")
    fitted = fit_topics(rows, corpus)
    step("calibrating")
    calibrated = [calibrate(one, corpus, topic) for topic, one in enumerate(fitted)]
    return fold(corpus.words, blocks, fitted, calibrated), calibrated


def _evaluation(model: Model, seed_set: SeedSet) -> dict[str, object]:
    """Figures on the held-out seeds, through the tagger that will be shipped."""
    topics = [topic.id for topic in model.topics]
    graded = evaluate.held_out(
        [seed for seed in seed_set.seeds if is_held_out(seed)], topics
    )
    if not graded:
        return {}
    decisions = evaluate.decide(Tagger(model), graded)
    return evaluate.as_json(evaluate.report(decisions))
