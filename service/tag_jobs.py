"""Answers lines in their order, in this process or in several that are forked from it.

    file ──chunks──▶ free workers ──Answered──▶ the parent, who gives each in its turn

The parent only moves bytes, and of a plain file not even those: it tells a worker where
lines lie. It sends a worker the next chunk when it has the answers to the last one, so
that neither can ever wait for the other to read. A range finds room in a pipe whatever
else is in it, so of a plain file a worker has the next one already while it answers.
"""

import contextlib
import gc
import multiprocessing
import os
import signal
import struct
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from multiprocessing.reduction import recv_handle, send_handle

from service.json_lines import UnusableError
from service.tag_files import Chunk, Chunks, Range, Ranges

type Answer = Callable[[bytes], bytes]
"""Answers a line, or raises UnusableError."""
type AnswerAll = Callable[[Chunks], Iterator[Answered]]

_AHEAD = 4  # chunks for each worker that may be out before the oldest is answered
_RANGES_AT_A_TIME = 2  # that a worker has: the one it answers, and the next
_PLACE = struct.Struct("=QQ")  # start and end of a range

# A terminal or a supervisor sends them to every process; the parent ends its workers.
_FOR_THE_PARENT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class WorkerError(Exception):
    """A worker ended before its work did; the message says how."""


@dataclass(frozen=True, slots=True)
class Answered:
    """What became of a chunk.

    Attributes:
        n_lines: Lines that it had.
        content: The answers to those that could be used, a line each.
        problems: Which could not, counted from 0, and why.
        unread: Why nothing after these lines could be read, None where it could.
    """

    n_lines: int
    content: bytes
    problems: list[tuple[int, str]]
    unread: str | None = None


@contextlib.contextmanager
def answering(answer: Answer, jobs: int) -> Iterator[AnswerAll]:
    """Make ready to answer files; in the end no worker is left.

    Args:
        answer: Workers share what it has in memory by now.
        jobs: How many processes work; a single one is this process.
    """
    if jobs == 1:
        yield lambda chunks: _while_read(chunks, _answer_here(answer, chunks))
        return
    workers: list[_Worker] = []
    try:
        _start(workers, answer, jobs)
        yield lambda chunks: _while_read(chunks, _Run(workers, chunks).answers())
    finally:
        for worker in workers:
            worker.end()


def _while_read(chunks: Chunks, answers: Iterator[Answered]) -> Iterator[Answered]:
    """Answers up to where the file cannot be read; which lines follow, nobody knows."""
    for answered in answers:
        yield answered
        if answered.unread:
            chunks.stop(answered.unread)
            break
    for _ in answers:  # what is under way would be taken for the next file's
        pass


def _answer_here(answer: Answer, chunks: Chunks) -> Iterator[Answered]:
    while not chunks.ended:
        if not chunks.full:
            chunks.read()
        if chunk := chunks.take():
            yield _answer_chunk(answer, chunk)


def _answer_chunk(answer: Answer, chunk: Chunk) -> Answered:
    content, unread = chunk.read() if isinstance(chunk, Range) else (chunk, None)
    lines = content.removesuffix(b"\n").split(b"\n") if content else []
    answers, problems = [], []
    for place, line in enumerate(lines):
        try:
            answers.append(answer(line) + b"\n")
        except UnusableError as error:
            problems.append((place, str(error)))
    return Answered(len(lines), b"".join(answers), problems, unread)


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
            with _received(pipe) as chunk:
                answered = _answer_chunk(answer, chunk)
            pipe.send(answered)


@contextlib.contextmanager
def _received(pipe: Connection) -> Iterator[Chunk]:
    if lines := pipe.recv_bytes():
        yield lines
        return
    start, end = _PLACE.unpack(pipe.recv_bytes())
    fd = recv_handle(pipe)
    try:
        yield Range(fd, start, end)
    finally:
        os.close(fd)


@dataclass(frozen=True, slots=True, eq=False)
class _Worker:
    """A forked process, and our end of the pipe to it."""

    process: BaseProcess
    pipe: Connection

    def send(self, chunk: Chunk) -> None:
        with self._alive():
            if isinstance(chunk, bytes):
                self.pipe.send_bytes(chunk)
                return
            self.pipe.send_bytes(b"")  # no lines: where they lie, and in which file
            self.pipe.send_bytes(_PLACE.pack(chunk.start, chunk.end))
            send_handle(self.pipe, chunk.fd, self.process.pid)

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

    def __init__(self, workers: list[_Worker], chunks: Chunks) -> None:
        at_a_time = _RANGES_AT_A_TIME if isinstance(chunks, Ranges) else 1
        self._free = workers * at_a_time  # each as often as it can be sent a chunk
        self._most_out = _AHEAD * len(workers)
        self._chunks = chunks
        # Numbers of the chunks that a worker has, by descriptor.
        self._out: dict[int, deque[tuple[int, _Worker]]] = {
            worker.pipe.fileno(): deque() for worker in workers
        }
        self._done: dict[int, Answered] = {}  # by number
        self._sent = self._given = 0  # chunks

    def answers(self) -> Iterator[Answered]:
        """The file's chunks, answered, in order."""
        self._send()
        while any(self._out.values()) or not self._chunks.ended:
            self._receive()
            due = []
            while answered := self._done.pop(self._given, None):
                due.append(answered)
                self._given += 1
            self._send()  # first, for the caller may take his time
            yield from due

    def _receive(self) -> None:
        """Wait for answers, or for lines where more may be read."""
        waited = [pipe for pipe, sent in self._out.items() if sent]
        wanted = not (self._chunks.ended or self._chunks.full)
        if wanted and self._chunks.unzipped:  # no wait would tell
            self._chunks.read()
            ready = wait(waited, 0)
        else:
            ready = wait([*waited, *([self._chunks.fileno()] if wanted else [])])
        for one in {*waited}.intersection(ready):
            number, worker = self._out[one].popleft()
            self._done[number] = worker.receive()
            self._free.append(worker)
        if self._chunks.fileno() in ready:
            self._chunks.read()

    def _send(self) -> None:
        while self._free and self._sent - self._given < self._most_out:
            chunk = self._chunks.take()
            if not chunk:
                return
            worker = self._free.pop()
            worker.send(chunk)
            self._out[worker.pipe.fileno()].append((self._sent, worker))
            self._sent += 1
