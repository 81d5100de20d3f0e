"""`python -m training`: build, evaluate, robustness, check-seeds, count."""

import argparse
import sys
from pathlib import Path

from service.tagging.model_file import ModelFileError
from service.tagging.model_store import ModelStore
from training.audit import audit
from training.audit.findings import read_explained, report, stale, unexplained
from training.build import build, is_current
from training.counted import count_articles
from training.gold import GoldError
from training.inspect_seeds import describe
from training.measuring import (
    add_evaluate,
    add_robustness,
    score_model,
    vary_articles,
)
from training.seed_files import SeedError
from training.seeds import read_seeds


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (SeedError, ModelFileError, GoldError) as error:
        print(f"training: {error}", file=sys.stderr)
    except OSError as error:
        print(f"training: {error.filename}: {error.strerror}", file=sys.stderr)
    return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser("build", help="train, and make the result live")
    command.add_argument(
        "--if-needed",
        action="store_true",
        help="only if the live model was not trained on the present seeds",
    )
    command.set_defaults(run=_build)
    command = commands.add_parser("evaluate", help="score the live model")
    add_evaluate(command)
    command.set_defaults(run=_evaluate)
    command = commands.add_parser(
        "robustness", help="tag articles typed otherwise, and with site furniture"
    )
    add_robustness(command)
    command.set_defaults(run=_robustness)
    command = commands.add_parser("check-seeds", help="report on the seeds")
    command.set_defaults(run=_check_seeds)
    command = commands.add_parser("count", help="make counted seeds of graded articles")
    command.add_argument("source", type=Path, help="graded articles, JSON lines")
    command.add_argument("target", type=Path, help="where the counted seeds go")
    command.set_defaults(run=_count)
    return parser


def _build(options: argparse.Namespace) -> int:
    store = ModelStore(options.models)
    if options.if_needed and is_current(options.seeds, store):
        print(f"model {store.live_version()} is up to date")
        return 0
    model = build(options.seeds, store)
    macro = model.evaluation.get("macro", {}).get("f1", float("nan"))
    print(f"model {model.version} is live; macro F1 on held-out seeds {macro:.3f}")
    return 0


def _evaluate(options: argparse.Namespace) -> int:
    print(score_model(options))
    return 0


def _robustness(options: argparse.Namespace) -> int:
    print(vary_articles(options))
    return 0


def _check_seeds(options: argparse.Namespace) -> int:
    seed_set = read_seeds(options.seeds)
    print(describe(seed_set))
    explained = read_explained(options.seeds)
    findings = audit(seed_set, options.seeds)
    shown = unexplained(findings, explained)
    gone = stale(explained, findings, seed_set)
    print(report(shown, len(findings), gone, options.seeds))
    return 1 if shown else 0


def _count(options: argparse.Namespace) -> int:
    written = count_articles(options.seeds, options.source, options.target)
    print(f"{written} counted seeds in {options.target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
