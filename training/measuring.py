"""The commands that measure the live model: evaluate and robustness."""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from service.tagging.model_file import Model
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Tagger
from training import evaluation_report, robustness_report
from training.decisions import TagsArticles
from training.evaluate import evaluate
from training.gold import GoldError, Graded, as_graded, read_gold
from training.robustness import measure, read_furniture
from training.seeds import read_seeds
from training.split import unlike_learned


def score_model(
    options: argparse.Namespace, peers: Mapping[str, TagsArticles] | None = None
) -> str:
    """Score the live model, with peers beside it; returns tables."""
    tagger = Tagger(ModelStore(options.models).live())
    topics = [topic.id for topic in tagger.model.topics]
    left_out = 0
    if options.gold:
        found = read_gold(options.gold, topics)
        graded = _not_learned(found, options.gold, options.seeds)
        left_out = len(found) - len(graded)
    else:
        graded = _held_out(options.seeds, tagger.model)
    evaluated = evaluate(tagger, graded, peers)
    _write(options.json, tagger, evaluation_report.to_json(evaluated))
    table = evaluation_report.as_table(evaluated)
    if left_out:
        table += f"\n\n{left_out} more articles are counted seeds, and left out"
    return table


def vary_articles(options: argparse.Namespace) -> str:
    """Measure whether tags stay as articles are varied; returns tables."""
    tagger = Tagger(ModelStore(options.models).live())
    if options.articles:
        graded = read_gold(options.articles, [])
    else:
        graded = _held_out(options.seeds, tagger.model)
    graded = graded[: options.first]
    found = measure(tagger, graded, read_furniture(options.furniture))
    _write(options.json, tagger, robustness_report.to_json(found, graded))
    return robustness_report.as_table(found, graded)


def _held_out(seeds_folder: Path, model: Model) -> list[Graded]:
    seed_set = read_seeds(seeds_folder)
    # A topic may be new, renamed or gone since the model was trained.
    known = {topic.id for topic in seed_set.topics}
    topics = [topic.id for topic in model.topics if topic.id in known]
    if not topics:
        raise GoldError(f"{seeds_folder} has no topic of the model; run `make train`")
    graded = as_graded(unlike_learned(seed_set, model.reading), topics)
    if not graded:
        raise GoldError(f"{seeds_folder} holds no held-out text; add some seeds")
    return graded


def _not_learned(graded: list[Graded], path: Path, seeds_folder: Path) -> list[Graded]:
    """The articles that no counted seed was made of: what is learned tells nothing."""
    learned = {seed.article for seed in read_seeds(seeds_folder).seeds}
    new = [one for one in graded if one.digest not in learned]
    if not new:
        raise GoldError(f"{path} holds only articles that are counted seeds")
    return new


def _write(path: Path | None, tagger: Tagger, figures: dict[str, Any]) -> None:
    if path:
        content = {"version": tagger.model.version, **figures}
        path.write_text(f"{json.dumps(content, indent=2)}\n", "utf-8")
