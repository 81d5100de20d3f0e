"""Seeds in, a version of the model out, live unless it is worse."""

import json
import platform
from collections.abc import Callable, Sequence
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
from tqdm import tqdm

from service.tagging.kernel import Weights
from service.tagging.model_file import (
    PREFERENCES,
    SCORE_EDGES,
    Model,
    ModelFileError,
    frozen,
)
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Tagger
from training.calibration import Calibrated, calibrate, fit_topics
from training.card import CardMaterial, make_card
from training.compounds import reading_of
from training.corpus import ABSENT, CARRIED, Corpus, build_corpus, is_held_out
from training.current import COMPARISON
from training.decisions import decide
from training.figures import as_json as figures_as_json
from training.figures import report
from training.fold import fold
from training.gold import as_graded
from training.guard import Comparison, compare
from training.guard_report import as_json
from training.pipeline import build_blocks
from training.seed_files import SeedError, line_of, read_text
from training.seeds import Seed, SeedSet, read_seeds
from training.split import unlike_learned
from training.thresholds import (
    MORE_LIKELY_THAN_NOT,
    preferred_threshold,
    review_band,
)

_FEWEST = 10  # passages with a topic, and without it: two for each fold
_LIBRARIES = ("hazm", "joblib", "numba", "numpy", "scikit-learn", "scipy")

Step = Callable[[str], None]
_STEPS = 9


class Built(NamedTuple):
    """What became of a training.

    Attributes:
        model: The new version.
        promoted: Whether it is live.
        comparison: The new version beside the one that was live; None where there was
            none that can be compared.
    """

    model: Model
    promoted: bool
    comparison: Comparison | None


def build(
    seeds_folder: Path, store: ModelStore, *, promote_anyway: bool = False
) -> Built:
    """Train on a folder of seeds, and make the result live unless it is worse.

    Raises:
        SeedError: A seed cannot be used; nothing is written.
    """
    with tqdm(total=_STEPS, unit="step", bar_format="{l_bar}{bar}| {elapsed}") as bar:

        def step(name: str) -> None:
            bar.set_description(f"{name:22}")
            bar.update()

        step("reading seeds")
        learned = _learn_seeds(read_seeds(seeds_folder), step)
        step("comparing models")
        comparison = _compare(store, learned)
        promoted = promote_anyway or comparison is None or not comparison.is_worse
        step("drawing the card")
        beside = _card(learned)
        if comparison:
            beside[COMPARISON] = _compared(comparison, learned.model, promoted)
        step("writing the model")
        version_written = store.add(learned.model, beside)
    if promoted:
        store.promote(version_written)
    return Built(store.load(version_written), promoted, comparison)


def _compare(store: ModelStore, learned: CardMaterial) -> Comparison | None:
    try:
        live = store.live()
    except ModelFileError:  # none yet, or one that this code cannot serve anyway
        return None
    return compare(live, learned.model, learned.held_out)


def _compared(comparison: Comparison, model: Model, promoted: bool) -> str:
    found = {"seeds": model.seeds, "promoted": promoted, **as_json(comparison)}
    return f"{json.dumps(found, ensure_ascii=False, indent=2)}\n"


def _card(learned: CardMaterial) -> dict[str, str]:
    card = make_card(learned)
    return {"card.html": card.html, "card.json": card.json}


def train(seed_set: SeedSet, step: Step) -> Model:
    """Train a model; its version is empty until it is written."""
    return _learn_seeds(seed_set, step).model


def _learn_seeds(seed_set: SeedSet, step: Step) -> CardMaterial:
    """A model, and what it was made of."""
    step("reading words")
    reading = reading_of(seed_set)
    learned = [seed for seed in seed_set.seeds if not is_held_out(seed)]
    corpus = build_corpus(seed_set, learned, reading)
    _require_enough(corpus, seed_set)
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
    held_out = unlike_learned(seed_set, reading)
    evaluation = _evaluation(model, held_out)
    evaluation["scores"] = _unseen_scores(model, calibrated)
    model = replace(model, evaluation=evaluation)
    return CardMaterial(model, seed_set, corpus, held_out, calibrated)


def _require_enough(corpus: Corpus, seed_set: SeedSet) -> None:
    """Refuse a topic that too few passages carry, or too few do not."""
    for topic, carried in zip(seed_set.topics, corpus.grades.T, strict=True):
        passages = carried[~corpus.whole]
        for count, which in (
            ((passages == CARRIED).sum(), "carry"),
            ((passages == ABSENT).sum(), "do not carry"),
        ):
            if count < _FEWEST:
                path = seed_set.folder / "topics.toml"
                raise SeedError(
                    path,
                    line_of(topic.id, read_text(path)),
                    f"{count} passages {which} {topic.id}, held-out ones aside",
                    f"write {_FEWEST - count} more in passages/",
                )


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


def _evaluation(model: Model, held_out: Sequence[Seed]) -> dict[str, object]:
    """Figures on the held-out seeds, through the tagger that will be shipped."""
    topics = [topic.id for topic in model.topics]
    graded = as_graded(held_out, topics)
    return figures_as_json(report(decide(Tagger(model), graded))) if graded else {}


def _unseen_scores(model: Model, calibrated: list[Calibrated]) -> dict[str, object]:
    """How many articles that a topic's model had not seen score in which bin.

    A service counts what it sees in the same bins, to tell when its articles have
    become others than these.
    """
    counts = {
        topic.id: np.bincount(
            np.searchsorted(SCORE_EDGES, one.found_scores), minlength=len(SCORE_EDGES)
        ).tolist()
        for topic, one in zip(model.topics, calibrated, strict=True)
    }
    return {"edges": list(SCORE_EDGES), "counts": counts}
