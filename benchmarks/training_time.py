"""How training time and memory grow with the seeds.

`python -m benchmarks.training_time SEEDS COUNT` trains on so many composed passages and
prints the seconds; each size is a process of its own, so that its memory can be told.
"""

import random
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from benchmarks import memory
from benchmarks.figures import Figure, Measured
from benchmarks.linearity import exponent
from benchmarks.material import Material
from benchmarks.servers import ROOT, environment
from benchmarks.texts import unseen_word
from training.build import train
from training.seeds import Seed, read_seeds

_SIZES = [2000 * 2**power for power in range(6)]
_LOOK_AGAIN = 0.2  # seconds
_GIGABYTE = 1e9
_KEPT, _TAKEN = 0.7, 0.98  # shares of words: the seed's own, those of other seeds


def measure(material: Material) -> Measured:
    """Train on 2,000 to 64,000 passages."""
    seconds: list[tuple[float, float]] = []
    most = 0.0
    for size in _SIZES:
        taken, peak = _train(material.seeds, size)
        seconds.append((size, taken / size))
        most = max(most, peak / _GIGABYTE)
    grows = "training time grows as n to the power, 2,000 to 64,000 passages"
    return Measured(
        [
            Figure(grows, exponent(seconds), "", most=1.15),
            Figure("peak memory of training on 64,000 passages", most, "GB", most=4),
            *(
                Figure(f"training on {size:,.0f} passages", size * each, "s")
                for size, each in seconds
            ),
        ],
        curves={"training, seconds a passage": seconds},
    )


def compose(seeds: Sequence[Seed], count: int) -> list[Seed]:
    """Passages like those of the seeds, with other words among theirs."""
    chosen = random.Random(count)  # noqa: S311 - a text, not a secret
    passages = [seed for seed in seeds if seed.text and not seed.whole]
    words = [word for seed in passages for word in seed.text.split()]
    return [_mixed(chosen.choice(passages), words, chosen) for _ in range(count)]


def _mixed(seed: Seed, words: Sequence[str], chosen: random.Random) -> Seed:
    mixed = []
    for word in seed.text.split():
        share = chosen.random()
        if share < _KEPT:
            mixed.append(word)
        else:
            mixed.append(
                chosen.choice(words) if share < _TAKEN else unseen_word(chosen)
            )
    return replace(seed, text=" ".join(mixed))


def _train(seeds: Path, count: int) -> tuple[float, int]:
    """Seconds, and the peak memory of all processes of the training."""
    training = subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "-m", "benchmarks.training_time", str(seeds), str(count)],
        cwd=ROOT,
        env=environment(ROOT),
        stdout=subprocess.PIPE,
        text=True,
    )
    peak = 0
    while training.poll() is None:
        now = sum(memory.resident(pid) for pid in memory.tree(training.pid))
        peak = max(peak, now)
        time.sleep(_LOOK_AGAIN)
    printed, _ = training.communicate()
    return float(printed), peak


def main(seeds: Path, count: int) -> None:
    """Train on composed passages and print the seconds it took."""
    seed_set = read_seeds(seeds)
    composed = replace(seed_set, seeds=tuple(compose(seed_set.seeds, count)))
    started = time.perf_counter()
    train(composed, lambda _: None)
    print(time.perf_counter() - started)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
