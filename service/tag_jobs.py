"""Answers lines in their order, in this process or in several that are forked from it.

    file ──chunks──▶ idle workers ──Answered──▶ the parent, who gives each in its turn

The parent only moves bytes. It sends a worker the next chunk when it has the answers to
the last one, so that neither can ever wait for the other to read.
"""

import contextlib
import functools
import gc
import multiprocessing
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess

from service.json_lines import UnusableError
from service.tag_files import Lines

type Answer = Callable[[bytes], bytes]
"""Answers a line, or raises UnusableError."""
type AnswerAll = Callable[[Lines], Iterator[Answered]]

_AHEAD = 4  # chunks for each worker that may be out before the oldest is answered

# A terminal or a supervisor sends them to every process; the parent ends its workers.
_FOR_THE_PARENT = (signal.SIGINT, signal.SIGTERM)


class WorkerError(Exception):
    """A worker ended before its work did; the message says how."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a chunk.

    Attributes:
        n_lines: Lines that it had.
        content: The answers to those that could be used, a line each.
        problems: Which could not, counted from 0, and why.
    """

    n_lines: int
    content: bytes
    problems: list[tuple[int, str]]


@contextlib.contextmanager
def answering(answer: Answer, jobs: int) -> Iterator[AnswerAll]:
    """Make ready to answer files; in the end no worker is left.

    Args:
        answer: Workers share what it has in memory by now.
        jobs: How many processes work; a single one is this process.
    """
    if jobs == 1:
        yield functools.partial(_answer_here, answer)
        return
    workers: list[_Worker] = []
    try:
        _start(workers, answer, jobs)
        yield lambda lines: _Run(workers, lines).answers()
    finally:
        for worker in workers:
            worker.end()


def _answer_here(answer: Answer, lines: Lines) -> Iterator[Answered]:
    while not lines.ended:
        lines.read()
        if chunk := lines.take():
            yield _answer_chunk(answer, chunk)


def _answer_chunk(answer: Answer, chunk: bytes) -> Answered:
    lines = chunk.removesuffix(b"\n").split(b"\n")
    answers, problems = [], []
    for place, line in enumerate(lines):
        try:
            answers.append(answer(line) + b"\n")
        except UnusableError as error:
            problems.append((place, str(error)))
    return Answered(len(lines), b"".join(answers), problems)


def _start(workers: list["_Worker"], answer: Answer, jobs: int) -> None:
    context = multiprocessing.get_context("fork")
    gc.freeze()  # a collection in a worker would copy every page that it looks at
    # Until every worker is in the list, and deaf to them, signals have to wait.
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _FOR_THE_PARENT)
    try:
        for _ in range(jobs):
            ours, theirs = context.Pipe()
            inherited = [ours, *(worker.pipe for worker in workers)]
            process = context.Process(
                target=_work, args=(answer, theirs, inherited), daemon=True
            )
            process.start()
            theirs.close()
            workers.append(_Worker(process, ours))
    finally:
        gc.unfreeze()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(answer: Answer, pipe: Connection, inherited: list[Connection]) -> None:
    """Answer chunks until the pipe ends, as it does when the parent is gone."""
    for stop in _FOR_THE_PARENT:
        signal.signal(stop, signal.SIG_IGN)
    for other in inherited:
        other.close()
    with contextlib.suppress(EOFError, OSError):
        while True:
            pipe.send(_answer_chunk(answer, pipe.recv_bytes()))


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    """A forked process, and our end of the pipe to it."""

    process: BaseProcess
    pipe: Connection

    def send(self, chunk: bytes) -> None:
        with self._alive():
            self.pipe.send_bytes(chunk)

    def receive(self) -> Answered:
        with self._alive():
            answered: Answered = self.pipe.recv()
        return answered

    def end(self) -> None:
        self.process.kill()
        self.process.join()
        self.pipe.close()

    @contextlib.contextmanager
    def _alive(self) -> Iterator[None]:
        """Tells the end of the process, which shows in the end of the pipe."""
        try:
            yield
        except (EOFError, OSError) as error:
            self.process.join()
            code = self.process.exitcode or 0
            how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
            cure = "; if memory is short, try fewer --jobs" if code < 0 else ""
            raise WorkerError(f"a worker process was ended ({how}){cure}") from error


class _Run:
    """One file's way through the workers."""

    def __init__(self, workers: list[_Worker], lines: Lines) -> None:
        self._idle = list(workers)
        self._most_out = _AHEAD * len(workers)
        self._lines = lines
        self._busy: dict[int, tuple[int, _Worker]] = {}  # by descriptor
        self._done: dict[int, Answered] = {}  # by number of chunk, as above
        self._sent = self._given = 0  # chunks

    def answers(self) -> Iterator[Answered]:
        """The file's chunks, answered, in order."""
        while self._busy or not self._lines.ended:
            self._receive()
            due = []
            while answered := self._done.pop(self._given, None):
                due.append(answered)
                self._given += 1
            self._send()  # first, for the caller may take his time
            yield from due

    def _receive(self) -> None:
        """Wait for answers, or for lines where more may be read."""
        waited = list(self._busy)
        if not (self._lines.ended or self._lines.full):
            waited.append(self._lines.fileno())
        for ready in {*waited}.intersection(wait(waited)):
            if ready in self._busy:
                number, worker = self._busy.pop(ready)
                self._done[number] = worker.receive()
                self._idle.append(worker)
            else:
                self._lines.read()

    def _send(self) -> None:
        while self._idle and self._sent - self._given < self._most_out:
            chunk = self._lines.take()
            if not chunk:
                return
            worker = self._idle.pop()
            worker.send(chunk)
            self._busy[worker.pipe.fileno()] = self._sent, worker
            self._sent += 1
