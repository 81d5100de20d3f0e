"""`python -m benchmarks.evaluate`: scores the live model, a keyword list beside it."""

import argparse
import sys
from pathlib import Path

from benchmarks.keywords import KeywordList
from service.tagging.model_file import ModelFileError
from service.tagging.model_store import ModelStore
from training.gold import GoldError
from training.measuring import score_model
from training.options import add_evaluate
from training.seed_files import SeedError
from training.seeds import read_seeds


def main(arguments: list[str] | None = None) -> int:
    """Evaluate; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.evaluate", description=__doc__
    )
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument("--words", action="store_true", help="print the list as well")
    add_evaluate(parser)
    options = parser.parse_args(arguments)
    try:
        reading = ModelStore(options.models).live().reading
        keywords = KeywordList.from_seeds(read_seeds(options.seeds), reading)
        print(score_model(options, {"keyword list": keywords}))
    except (SeedError, ModelFileError, GoldError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    except OSError as error:
        place = error.filename or "the output"
        print(f"benchmarks: {place}: {error.strerror}", file=sys.stderr)
        return 1
    if options.words:
        for topic, words in zip(keywords.topics, keywords.words, strict=True):
            print(f"{topic.id}: {' '.join(words)}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
