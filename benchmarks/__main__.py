"""`python -m benchmarks`: how long tagging takes, beside peers, in one run."""

import argparse
import json
import platform
import sys
from pathlib import Path

from benchmarks.speed import Timing, floor, tag_one, time_each
from benchmarks.straightforward import Straightforward
from service.tagging.model_file import ModelFileError
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger
from training.seed_files import SeedError
from training.seeds import read_seeds

_ARTICLES = 200


def main(arguments: list[str] | None = None) -> int:
    """Measure and print; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument(
        "--articles", type=Path, help="JSON lines with title and text; whole seeds else"
    )
    parser.add_argument("--json", type=Path, help="a file to write the figures to")
    options = parser.parse_args(arguments)
    try:
        timings = measure(options)
    except (SeedError, ModelFileError) as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    ours = timings[0].microseconds
    print(f"{'an article, one thread':32}{'µs':>10}{'times ours':>12}")
    for timing in timings:
        ratio = timing.microseconds / ours
        print(f"{timing.name:32}{timing.microseconds:10.1f}{ratio:12.2f}")
    if options.json:
        figures = {timing.name: round(timing.microseconds, 2) for timing in timings}
        machine = {"machine": platform.machine(), "python": platform.python_version()}
        options.json.write_text(json.dumps({**machine, **figures}, indent=2) + "\n")
    return 0


def measure(options: argparse.Namespace) -> list[Timing]:
    """Time ourselves, the floor and the straightforward build on the same articles."""
    tagger = Tagger(ModelStore(options.models).live())
    seed_set = read_seeds(options.seeds)
    if options.articles:
        lines = options.articles.read_text("utf-8").splitlines()[:_ARTICLES]
        entries = map(json.loads, lines)
        articles = [Article(one.get("title") or "", one["text"]) for one in entries]
    else:
        whole = [seed for seed in seed_set.seeds if seed.whole and seed.text]
        articles = [Article(seed.title, seed.text) for seed in whole[:_ARTICLES]]
    peer = Straightforward(seed_set)
    return [
        time_each("Barchasb", tag_one(tagger), articles),
        time_each("floor: decode and look up", floor(tagger, articles), articles),
        time_each("hazm and scikit-learn", peer.tag, articles),
    ]


if __name__ == "__main__":
    sys.exit(main())
