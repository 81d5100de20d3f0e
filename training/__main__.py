"""`python -m training`: build, evaluate, robustness, check-seeds, count."""

import argparse
import sys
from pathlib import Path

from service.tagging.model_file import ModelFileError
from service.tagging.model_store import ModelStore
from training.current import cure, why_current
from training.options import add_evaluate, add_robustness
from training.seed_files import SeedError

# Each command imports the libraries it needs: to say that nothing is to be done takes
# none of those of training.


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except _expected() as error:
        print(f"training: {error}", file=sys.stderr)
    except OSError as error:
        place = error.filename or "the output"
        print(f"training: {place}: {error.strerror}", file=sys.stderr)
    return 1


def _expected() -> tuple[type[Exception], ...]:
    """What a command may stop with; asked for only when one has."""
    from training.gold import GoldError

    return (SeedError, ModelFileError, GoldError)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m training", description=__doc__)
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    commands = parser.add_subparsers(required=True)
    command = commands.add_parser(
        "build", help="train; make the result live unless worse"
    )
    command.add_argument(
        "--if-needed",
        action="store_true",
        help="only if the live model was not trained on the present seeds",
    )
    command.add_argument(
        "--promote-anyway", action="store_true", help="make the result live in any case"
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
    reason = why_current(options.seeds, store) if options.if_needed else None
    if reason and not options.promote_anyway:
        print(reason)
        return 0
    from training.build import build
    from training.guard_report import as_table

    built = build(options.seeds, store, promote_anyway=options.promote_anyway)
    version = built.model.version
    if built.comparison:
        print(as_table(built.comparison))
    if built.promoted:
        macro = built.model.evaluation.get("macro", {}).get("f1")
        told = "not known" if macro is None else f"{macro:.3f}"
        print(f"model {version} is live; macro F1 on held-out seeds {told}")
        return 0
    print(f"model {store.live_version()} stays live; {cure(version)}", file=sys.stderr)
    # Who asks for a model if needed has one that serves.
    return 0 if options.if_needed else 1


def _evaluate(options: argparse.Namespace) -> int:
    from training.measuring import score_model

    print(score_model(options))
    return 0


def _robustness(options: argparse.Namespace) -> int:
    from training.measuring import vary_articles

    print(vary_articles(options))
    return 0


def _check_seeds(options: argparse.Namespace) -> int:
    from training.audit import audit
    from training.audit.findings import read_explained, report, stale, unexplained
    from training.inspect_seeds import describe
    from training.seeds import read_seeds

    seed_set = read_seeds(options.seeds)
    print(describe(seed_set))
    explained = read_explained(options.seeds)
    findings = audit(seed_set, options.seeds)
    shown = unexplained(findings, explained)
    gone = stale(explained, findings, seed_set)
    print(report(shown, len(findings), gone, options.seeds))
    return 1 if shown else 0


def _count(options: argparse.Namespace) -> int:
    from training.counted import count_articles

    written = count_articles(options.seeds, options.source, options.target)
    print(f"{written} counted seeds in {options.target}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
