"""`python -m benchmarks.archive`: `barchasb archive` on an archive of any size.

Its rate, how much of it is tagging, its memory, what a second worker gains, and whether
a killed worker or a killed run loses a row or doubles one.
"""

import argparse
import itertools
import multiprocessing
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks import figures, machine, memory
from benchmarks.figures import Figure, Measured
from benchmarks.material import read_articles
from benchmarks.vary import make
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger
from service.web.live import warm

_FOLDER = Path(__file__).parent
_BETWEEN = 0.5  # seconds between two looks at a run
_SOME = 40_000  # articles, to time the tagging alone
_ROWS = 256  # at a time, to tag them alone
_PART = 200_000  # articles, at most, to measure workers and kill them
_TOLD = re.compile(r"^([\d,]+) articles tagged in ([\d,.]+) s", re.M)


@dataclass
class Run:
    """A run of the command.

    Attributes:
        articles: How many it tagged.
        seconds: How long, the start of workers left out.
        whole: Seconds from its start to its end.
        processor: Seconds of all processors together.
        memory: Bytes of all its processes, time and again.
        before: Partitions that were complete before.
    """

    articles: int = 0
    seconds: float = 0.0
    whole: float = 0.0
    processor: float = 0.0
    memory: list[int] = field(default_factory=list)
    before: int = 0


def run(
    archive: Path,
    output: Path,
    models: Path,
    jobs: int,
    each_time: Callable[[int], object] = lambda _: None,
) -> Run:
    """Run the command.

    Args:
        archive: The input.
        output: The output.
        models: The folder of versions.
        jobs: Processes.
        each_time: Is called with the command's process now and then.
    """
    arguments = [str(archive), str(output), "--jobs", str(jobs)]
    command = [sys.executable, "-m", "service.cli", "archive", *arguments]
    found, started = Run(), time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own command
        [*command, "--models", str(models)], stdout=subprocess.PIPE, text=True
    ) as process:
        told: list[str] = []
        reading = threading.Thread(target=lambda: told.append(_all_of(process)))
        reading.start()
        usage = None
        while usage is None:
            each_time(process.pid)
            found.memory.append(memory.together(process.pid))
            time.sleep(_BETWEEN)
            pid, status, ended = os.wait4(process.pid, os.WNOHANG)
            if pid:
                process.returncode = os.waitstatus_to_exitcode(status)
                usage = ended
        reading.join()
    found.whole = time.monotonic() - started
    found.processor = usage.ru_utime + usage.ru_stime
    if told_of := _TOLD.search(told[0]):
        found.articles = int(told_of[1].replace(",", ""))
        found.seconds = float(told_of[2].replace(",", ""))
    if before := re.search(r"^([\d,]+) partitions were complete", told[0]):
        found.before = int(before[1].replace(",", ""))
    return found


def _all_of(process: "subprocess.Popen[str]") -> str:
    return process.stdout.read() if process.stdout else ""


def tagging_seconds(models: Path, archive: Path, jobs: int) -> float:
    """Processor's seconds that an article takes to be tagged, and nothing else.

    As many processes do it at once as in the run that it is compared with, for they
    make each other slower; and like there each article comes once, between reading and
    unpacking, so that no cache knows its words already.
    """
    spawn = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(jobs, spawn) as processes:
        alone = [processes.submit(_alone, models, archive, job) for job in range(jobs)]
        return statistics.mean(one.result() for one in alone)


def _alone(models: Path, archive: Path, job: int) -> float:
    tagger = warm(Tagger(ModelStore(models).live()))
    paths = sorted(archive.glob("*.parquet"))
    batches = pq.ParquetFile(paths[job % len(paths)]).iter_batches(_ROWS)
    spent, count = 0.0, 0
    for batch in itertools.islice(batches, _SOME // _ROWS):
        pairs = zip(batch["title"].to_pylist(), batch["text"].to_pylist(), strict=True)
        articles = [Article(title, text) for title, text in pairs]
        started = time.process_time()
        for _tagged in tagger.tag(articles):
            pass
        spent += time.process_time() - started
        count += len(articles)
    return spent / count


def tags_of(output: Path) -> pa.Table:
    """All that was written, in the order of the archive."""
    order = [("file", "ascending"), ("row", "ascending")]
    return pq.read_table(output / "tags").sort_by(order)


class Killer:
    """Kills a process of a run once, when some partitions are complete."""

    def __init__(self, output: Path, least: int, *, worker: bool) -> None:
        self.killed = False
        self._output = output
        self._least = least
        self._worker = worker

    def __call__(self, pid: int) -> None:
        """Look whether it is time, and kill."""
        if self.killed or len([*self._output.glob("tags/*")]) < self._least:
            return
        victim = pid
        if self._worker:
            victim = max(_workers_of(pid), key=memory.resident)
        os.kill(victim, signal.SIGKILL)
        self.killed = True


def _workers_of(pid: int) -> Iterator[int]:
    for one in memory.tree(pid)[1:]:
        if b"spawn_main" in Path(f"/proc/{one}/cmdline").read_bytes():
            yield one


def measure(
    real: Path, folder: Path, models: Path, number: int, part: int = _PART
) -> Measured:
    """Make an archive where there is none yet, and measure all.

    Args:
        real: JSON lines of real articles, of which it is made.
        folder: For the archive and what is written; some gigabytes for a million.
        models: The folder of versions.
        number: Articles.
        part: Articles, about, to compare workers and to kill with.
    """
    archive = folder / f"articles-{number}"
    make(read_articles(real), archive, number)
    tagging = tagging_seconds(models, archive, 2)
    output = folder / "tags"
    whole = run(archive, _empty(output), models, 2)
    rows = tags_of(output)
    found = [
        Figure("articles", number, ""),
        Figure("input", _bytes(archive) / 1e9, "GB"),
        Figure("tags", _bytes(output / "tags") / number, "bytes an article"),
        Figure("two workers, rate", whole.articles / whole.seconds, "articles/s"),
        Figure("start and end, beside that", whole.whole - whole.seconds, "s"),
        Figure("tagging alone, an article", tagging * 1e6, "µs"),
        Figure("all processors, an article", whole.processor / number * 1e6, "µs"),
        Figure(
            "outside tagging, share of processors",
            1 - tagging * number / whole.processor,
            "",
            most=0.5,
        ),
        Figure("rows lost or doubled", abs(len(rows) - number), "", most=0),
        Figure("peak memory", max(whole.memory) / 1e6, "MB"),
        Figure("memory, last third over first", _growth(whole.memory), most=1.1),
    ]
    some = _part_of(archive, folder / "part", part)
    found += _compared(some, folder, models)
    found += _killed(some, folder, models)
    return Measured(found)


def _growth(samples: list[int]) -> float:
    third = max(1, len(samples) // 3)
    return max(samples[-third:]) / max(samples[:third])


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.iterdir())


def _empty(output: Path) -> Path:
    """The folder's name, with nothing of that name there."""
    if output.exists():
        shutil.rmtree(output)
    return output


def _part_of(archive: Path, folder: Path, articles: int) -> Path:
    """A folder of links to the first files of an archive."""
    _empty(folder).mkdir()
    held = 0
    for path in sorted(archive.glob("*.parquet")):
        if held < articles:
            (folder / path.name).hardlink_to(path)
            held += pq.read_metadata(path).num_rows
    return folder


def _compared(archive: Path, folder: Path, models: Path) -> list[Figure]:
    """One worker and two, taking turns; each counts with its best."""
    best = dict.fromkeys((1, 2), 0.0)
    for _ in range(2):
        for jobs in best:
            found = run(archive, _empty(folder / "part-tags"), models, jobs)
            best[jobs] = max(best[jobs], found.articles / found.seconds)
    return [
        Figure("one worker, rate", best[1], "articles/s"),
        Figure("two workers over one", best[2] / best[1], least=1.8),
    ]


def _killed(archive: Path, folder: Path, models: Path) -> list[Figure]:
    """What is lost or doubled where a worker is killed, and where the whole run is."""
    expected = tags_of(folder / "part-tags")
    least = max(1, len([*(folder / "part-tags" / "tags").iterdir()]) // 4)
    output = _empty(folder / "killed-tags")
    killer = Killer(output, least, worker=True)
    run(archive, output, models, 2, killer)
    after_worker = tags_of(output).equals(expected) and killer.killed
    killer = Killer(_empty(output), least, worker=False)
    run(archive, output, models, 2, killer)
    again = run(archive, output, models, 2)
    after_run = tags_of(output).equals(expected) and killer.killed
    return [
        Figure("a worker killed: the same tags", float(after_worker), "", least=1),
        Figure("a run killed, gone on with: the same tags", float(after_run), "", 1),
        Figure("of its partitions, not done again", again.before, "", least=1),
    ]


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.archive", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("real", type=Path, help="JSON lines of articles, perhaps .gz")
    parser.add_argument("folder", type=Path, help="to work in, on a disk with room")
    parser.add_argument("--articles", type=int, default=20_000)
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument(
        "--results", type=Path, default=_FOLDER / "results" / "archive.json"
    )
    options = parser.parse_args(arguments)
    begun = machine.described()
    measured = measure(
        options.real, options.folder, options.models.absolute(), options.articles
    )
    version = ModelStore(options.models).live_version()
    circumstances = f"{begun}; model {version}."
    part = {"circumstances": circumstances, "unit": "", **figures.as_json(measured)}
    print(figures.table({"archive": part}))
    figures.write(options.results, {"archive": part})
    return 0


if __name__ == "__main__":
    sys.exit(main())
