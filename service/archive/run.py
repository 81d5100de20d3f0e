"""Tags an archive on a Dask cluster: one of this machine's processes, or a real one.

This process cuts the archive and submits partitions, few at a time. Each becomes two
files, written aside and renamed, so that it does not matter how often it is done: where
a worker is lost, Dask has another do its partition again.
"""

import contextlib
import logging
import os
import signal
import time
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from multiprocessing import resource_tracker

import dask
from distributed import Client, Future, KilledWorker, LocalCluster, wait
from distributed.client import ClosedClientError, FuturesCancelledError
from distributed.comm.core import CommClosedError

from service.archive import ArchiveError
from service.archive.files import ReadingError
from service.archive.output import Output
from service.archive.partitions import Partition
from service.archive.work import Found, Job, Tagging, tag_partition
from service.progress import Progress

_AHEAD = 2  # partitions for each worker that may be submitted
_PATIENCE = "20s"  # with a scheduler that does not answer
_MOMENT = 0.05  # seconds
_RETRIES = 2  # of a partition that cannot be read or written
_MOST_FAILURES = 10  # partitions; what is wrong with more is wrong with all
_CONFIGURATION = {
    "distributed.admin.large-graph-warning-threshold": "1GiB",  # rows are sent along
    "distributed.worker.multiprocessing-method": "spawn",
    "distributed.worker.preload": ["service.archive.work"],  # for its dask_setup
    # Dask would look a hundred times a second at what a worker is doing.
    "distributed.worker.profile.enabled": False,
    # Looking at itself so often, it would take a tenth of a processor.
    "distributed.admin.tick.interval": "1s",
    "distributed.admin.system-monitor.interval": "5s",
    "distributed.worker.memory.monitor-interval": "1s",
    # It would have memory given back, and asked for again, at nearly each article.
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": None,
}


type Pending = dict["Future[Found]", Partition]
"""What workers are at, or will be next."""


@dataclass(slots=True)
class Done:
    """What became of a run.

    Attributes:
        n_tagged: Articles that were tagged.
        n_errors: Rows that could not be.
        n_before: Partitions that were complete before.
        failures: What was wrong with those that are not complete now.
        seconds: How long it took, the start of the workers left out.
    """

    n_tagged: int = 0
    n_errors: int = 0
    n_before: int = 0
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0


@contextlib.contextmanager
def workers(jobs: int | None, cluster: str | None) -> Iterator[Client]:
    """Processes of this machine, or those of a cluster.

    Args:
        jobs: How many processes; None for one on each processor that is ours.
        cluster: The address of a Dask scheduler, for its workers instead.

    Raises:
        ArchiveError: Nobody answers at the address, or no longer; or no process can
            be started.
    """
    with contextlib.ExitStack() as ending, dask.config.set(_CONFIGURATION):
        where: str | LocalCluster | None = cluster
        if where is None:
            with _uninterrupted():
                where = ending.enter_context(_local_cluster(jobs))
        try:
            client = Client(where, timeout=_PATIENCE)
        except (OSError, ValueError) as error:
            raise ArchiveError(
                f"{cluster}: no Dask scheduler answers there ({error})"
            ) from error
        ending.enter_context(client)
        try:
            yield client
        except (ClosedClientError, CommClosedError, FuturesCancelledError) as error:
            raise ArchiveError(
                "the connection to the Dask scheduler was lost; "
                "what is complete stays; run the same command to go on"
            ) from error


def _local_cluster(jobs: int | None) -> LocalCluster:
    try:
        return LocalCluster(
            n_workers=jobs or len(os.sched_getaffinity(0)),
            threads_per_worker=1,
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,
        )
    except RuntimeError as error:
        raise ArchiveError(
            f"worker processes cannot be started ({error}); if a folder for temporary "
            "files is missing, name one that can be written in TMPDIR"
        ) from error


@contextlib.contextmanager
def _uninterrupted() -> Iterator[None]:
    """Keeps Ctrl-C waiting, as half a cluster cannot be ended.

    Threads and processes that begin meanwhile are deaf to it for good.
    """
    heard: list[int] = []
    resource_tracker.ensure_running()  # or it would make the thread that does so hear
    handler = signal.signal(signal.SIGINT, lambda number, _: heard.append(number))
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, mask)
        signal.signal(signal.SIGINT, handler)
    if heard:
        signal.raise_signal(signal.SIGINT)


def run(
    client: Client, job: Job, model: bytes, plan: Iterable[Partition], bar: Progress
) -> Done:
    """Tag the partitions of a plan that are not complete.

    Args:
        client: Of the workers.
        job: What they have to know.
        model: The content of the model file.
        plan: All partitions.
        bar: Is told how far it is.

    Raises:
        ArchiveError: The workers cannot use the model.
    """
    _give(client, Tagging(job.version, model))
    started = time.monotonic()
    complete = Output(job.output).complete()
    done = Done()
    pending: Pending = {}
    turn = uuid.uuid4().hex
    for partition in _cut(plan, done):
        if partition.number in complete:
            done.n_before += 1
            bar.skip(partition.n_bytes)
            continue
        while len(pending) >= _AHEAD * max(1, sum(client.nthreads().values())):
            _collect(pending, done, bar)
        if len(done.failures) >= _MOST_FAILURES:
            break
        future = client.submit(
            tag_partition,
            job,
            partition,
            key=f"barchasb-{turn}-{partition.number}",
            retries=_RETRIES,
        )
        pending[future] = partition
    while pending:
        _collect(pending, done, bar)
    done.seconds = time.monotonic() - started
    return done


def _give(client: Client, tagging: Tagging) -> None:
    try:
        client.register_plugin(tagging)
    except ArchiveError:
        raise
    except Exception as error:
        raise ArchiveError(
            f"the workers cannot use the model ({error}); they need this Barchasb, "
            "with requirements/archive.txt"
        ) from error


def _cut(plan: Iterable[Partition], done: Done) -> Iterator[Partition]:
    """The partitions up to where a file cannot be cut, which is told."""
    try:
        yield from plan
    except (ArchiveError, ReadingError) as error:
        # Nobody knows the numbers of the partitions that would follow.
        done.failures.append(f"what is left of the archive: {error}")


def _collect(pending: Pending, done: Done, bar: Progress) -> None:
    """Wait until something is finished, and take it off what is pending."""
    # Asked once: the worker may die between two looks, and the result is made again.
    statuses = {
        future: status
        for future in wait(list(pending), return_when="FIRST_COMPLETED").done
        # Finished by a worker that died since: Dask has it done again.
        if (status := future.status) != "lost"
    }
    if not statuses:
        time.sleep(_MOMENT)
    for future, status in statuses.items():
        partition = pending.pop(future)
        if status == "finished":
            found = future.result()
            done.n_tagged += found.n_tagged
            done.n_errors += found.n_errors
            bar.add(found.n_tagged + found.n_errors, partition.n_bytes)
        else:
            done.failures.append(f"{partition.name}: {_why(future, status)}")


def _why(future: "Future[Found]", status: str) -> str:
    error = future.exception() if status == "error" else status
    if isinstance(error, KilledWorker):
        return "each worker that had it was ended; if memory is short, try fewer --jobs"
    return str(error)
