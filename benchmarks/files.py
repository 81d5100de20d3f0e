"""`barchasb tag --jsonl` on long files, from its start to its end."""

import itertools
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from benchmarks import memory
from benchmarks.figures import Figure, Measured
from benchmarks.material import Material
from benchmarks.servers import ROOT, environment
from service.tagging.tagger import Article

_SHORT, _LONG = 20_000, 1_000_000  # lines
_IN_MEMORY_ARTICLES = 100_000
_TIMES = 2
_LOOK_AGAIN = 0.05  # seconds
_MEGABYTE = 1e6
_IN_MEMORY = "in-process"
_ONE, _TWO = "barchasb tag --jsonl", "barchasb tag --jsonl --jobs 2"
_COMMAND = [sys.executable, "-m", "service.cli", "tag", "--jsonl"]


class Run(NamedTuple):
    """One run of the command: how long, and the peak memory of all its processes."""

    articles: int
    seconds: float
    peak: float


def measure(material: Material) -> Measured:
    """Rates on a long file, start included, and memory as files grow."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        short, long = folder / "short.jsonl", folder / "long.jsonl"
        write_lines(short, material.articles, _SHORT)
        write_lines(long, material.articles, _LONG)
        runs: dict[str, list[Run]] = {_IN_MEMORY: [], _ONE: [], _TWO: []}
        for _ in range(_TIMES):
            runs[_IN_MEMORY].append(_tag_in_memory(material))
            runs[_ONE].append(_run(material.models, long, _LONG))
            runs[_TWO].append(_run(material.models, long, _LONG, "--jobs=2"))
        of_short = _run(material.models, short, _SHORT)
        of_short_by_two = _run(material.models, short, _SHORT, "--jobs=2")
    rates = {
        name: max(run.articles / run.seconds for run in those)
        for name, those in runs.items()
    }
    return Measured(
        [
            Figure(
                "barchasb tag --jsonl over in-process",
                rates[_ONE] / rates[_IN_MEMORY],
                least=0.5,
            ),
            Figure("--jobs 2 over one process", rates[_TWO] / rates[_ONE], least=1.8),
            *(
                Figure(f"{name}, rate", rate, "articles/s")
                for name, rate in rates.items()
            ),
            *_memory_figures("one process", of_short, runs[_ONE][0]),
            *_memory_figures("--jobs 2", of_short_by_two, runs[_TWO][0]),
        ],
        bars=rates,
    )


def _memory_figures(name: str, short: Run, long: Run) -> list[Figure]:
    return [
        Figure(
            f"{name}, peak memory, {_LONG:,} lines over {_SHORT:,}",
            long.peak / short.peak,
            most=1.1,
        ),
        Figure(f"{name}, peak memory, {_LONG:,} lines", long.peak / _MEGABYTE, "MB"),
    ]


def write_lines(path: Path, articles: Sequence[Article], count: int) -> None:
    """So many lines of articles that come again and again, each with an id."""
    with path.open("wb") as file:
        repeated = itertools.islice(itertools.cycle(articles), count)
        for number, article in enumerate(repeated):
            entry = {"id": number, "title": article.title, "text": article.text}
            file.write(msgspec.json.encode(entry) + b"\n")


def _tag_in_memory(material: Material) -> Run:
    articles = itertools.islice(itertools.cycle(material.articles), _IN_MEMORY_ARTICLES)
    started = time.perf_counter()
    for _ in material.tagger.tag(articles):
        pass
    return Run(_IN_MEMORY_ARTICLES, time.perf_counter() - started, 0)


def _run(models: Path, path: Path, count: int, *options: str) -> Run:
    """Tag a file and see that every line was answered."""
    tags = path.with_name("tags.jsonl")
    started = time.perf_counter()
    with tags.open("wb") as output:
        command = subprocess.Popen(  # noqa: S603 - our own command
            [*_COMMAND, *options, str(path)],
            cwd=ROOT,
            env=environment(models),
            stdout=output,
            stderr=subprocess.DEVNULL,
        )
        peaks: dict[int, int] = {}
        while command.poll() is None:
            for pid in memory.tree(command.pid):
                peaks[pid] = max(peaks.get(pid, 0), memory.peak(pid))
            time.sleep(_LOOK_AGAIN)
    seconds = time.perf_counter() - started
    with tags.open("rb") as answered:
        lines = sum(1 for _ in answered)
    if command.returncode or lines != count:
        raise OSError(f"{' '.join(options)} answered {lines} of {count} lines")
    return Run(count, seconds, sum(peaks.values()))
