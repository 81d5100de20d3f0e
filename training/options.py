"""What the measuring commands can be told; light, as every command reads it."""

import argparse
from pathlib import Path

FURNITURE_SETS = ("development", "test")


def add_evaluate(parser: argparse.ArgumentParser) -> None:
    """Add the options of `score_model`, beside `--seeds` and `--models`."""
    parser.add_argument(
        "--gold", type=Path, help="graded articles; held-out seeds if not given"
    )
    parser.add_argument("--json", type=Path, help="a file to write the figures to")


def add_robustness(parser: argparse.ArgumentParser) -> None:
    """Add the options of `vary_articles`, beside `--seeds` and `--models`."""
    parser.add_argument(
        "--articles",
        type=Path,
        help="JSON lines with text, and optionally id and title; held-out seeds if "
        "not given",
    )
    parser.add_argument(
        "--first", type=_number, help="how many of them; all if not given"
    )
    parser.add_argument("--furniture", choices=FURNITURE_SETS, default="test")
    parser.add_argument("--json", type=Path, help="a file to write the figures to")


def _number(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text} is no number from 1")
    return number
