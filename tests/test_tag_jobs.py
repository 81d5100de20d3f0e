import gzip
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator
from multiprocessing.process import BaseProcess
from pathlib import Path

import pytest

from service.json_lines import UnusableError
from service.tag_files import Lines, Ranges, chunks_of
from service.tag_jobs import WorkerError, answering

BOTH = pytest.mark.parametrize("jobs", [1, 3])


def doubled(line: bytes) -> bytes:
    if not line:
        raise UnusableError("blank")
    return line + line


def workers() -> list[BaseProcess]:
    """The forked processes that are alive; other tests may have spawned some."""
    children = multiprocessing.active_children()
    return [one for one in children if one.name.startswith("ForkProcess")]


@pytest.fixture
def numbers(tmp_path: Path) -> Iterator[Lines]:
    """Several chunks of lines; lines 0, 1000, 2000 and so on are blank."""
    path = tmp_path / "numbers"
    numbered = (b"" if n % 1000 == 0 else b"%0100d" % n for n in range(50_000))
    path.write_bytes(b"".join(line + b"\n" for line in numbered))
    with path.open("rb") as file:
        yield Lines(file)


@BOTH
def test_order_is_kept_and_problems_have_their_place(numbers: Lines, jobs: int) -> None:
    answers, problems, n_lines = b"", [], 0
    with answering(doubled, jobs) as answer_all:
        for answered in answer_all(numbers):
            answers += answered.content
            problems += [(n_lines + n, why) for n, why in answered.problems]
            n_lines += answered.n_lines
    assert n_lines == 50_000
    expected = [b"%0100d" % n * 2 for n in range(50_000) if n % 1000]
    assert answers.splitlines() == expected
    assert problems == [(n, "blank") for n in range(0, 50_000, 1000)]


@BOTH
def test_files_follow_each_other(tmp_path: Path, jobs: int) -> None:
    found = []
    with answering(doubled, jobs) as answer_all:
        for content in (b"a\nb", b"", b"c\n"):
            path = tmp_path / "file"
            path.write_bytes(content)
            with path.open("rb") as file:
                found.append(b"".join(one.content for one in answer_all(Lines(file))))
    assert found == [b"aa\nbb\n", b"", b"cc\n"]


@BOTH
def test_plain_file_is_read_where_it_is_answered(tmp_path: Path, jobs: int) -> None:
    path = tmp_path / "file"
    lines = [b"%0100d" % n for n in range(40_000)]
    path.write_bytes(b"\n".join(lines))
    with answering(doubled, jobs) as answer_all, path.open("rb") as file:
        chunks = chunks_of(file)
        answers = b"".join(one.content for one in answer_all(chunks))
        assert file.tell() == 0
    assert answers.splitlines() == [line * 2 for line in lines]
    assert chunks.n_read == path.stat().st_size


@BOTH
def test_file_that_cannot_be_read_on_does_not_stop_the_next(
    tmp_path: Path, jobs: int
) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"a\n" * 5_000_000)
    with answering(doubled, jobs) as answer_all, path.open("r+b") as file:
        chunks = chunks_of(file)
        os.truncate(path, 3)  # all the other chunks are empty now
        (answered,) = answer_all(chunks)
        assert (answered.n_lines, answered.content) == (1, b"aa\n")
        assert chunks.problem
        assert "cannot be read (it has become shorter)" in chunks.problem
        with path.open("ab") as unreadable:
            chunks = Ranges(unreadable, 0, 3)
            assert not b"".join(one.content for one in answer_all(chunks))
        assert chunks.problem
        assert "Bad file descriptor" in chunks.problem
        (answered,) = answer_all(chunks_of(file))
        assert answered.content == b"aa\naa\n"


def test_answer_larger_than_a_pipe_holds(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 3_000_000 + b"\n" + b"y" * 3_000_000)
    with path.open("rb") as file, answering(doubled, 2) as answer_all:
        answers = b"".join(one.content for one in answer_all(Lines(file)))
    assert answers == b"x" * 6_000_000 + b"\n" + b"y" * 6_000_000 + b"\n"


def test_what_waits_for_a_slow_worker_is_bounded(tmp_path: Path) -> None:
    def slow(line: bytes) -> bytes:
        if line.startswith(b"first"):
            time.sleep(0.3)
        return line[:5]

    path = tmp_path / "file"
    others = (b"other" + b" " * (1 << 20) + b"\n" for _ in range(40))
    path.write_bytes(b"first" + b" " * (1 << 20) + b"\n" + b"".join(others))
    with path.open("rb") as file, answering(slow, 2) as answer_all:
        lines = Lines(file)
        answers = answer_all(lines)
        assert next(answers).content.startswith(b"first")
        assert lines.n_read <= 12 << 20
        assert sum(answered.n_lines for answered in answers) <= 40
        assert lines.n_read == path.stat().st_size


def test_answers_do_not_wait_for_more_lines() -> None:
    with answering(doubled, 2) as answer_all:
        reading, writing = os.pipe()  # only now: workers would keep it open
        with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb", 0) as feed:
            answers = answer_all(Lines(file))
            for line in (b"a", b"b", b"c"):
                feed.write(line + b"\n")
                assert next(answers).content == line * 2 + b"\n"
            feed.close()
            assert next(answers, None) is None


@BOTH
def test_well_packed_answers_do_not_wait_for_more_lines(jobs: int) -> None:
    """What a single read of the pipe gave is many chunks when it is unzipped."""
    line = b"x" * 100_000 + b"\n"
    with answering(lambda line: line[:1], jobs) as answer_all:
        reading, writing = os.pipe()
        with os.fdopen(reading, "rb") as file, os.fdopen(writing, "wb", 0) as feed:
            feed.write(gzip.compress(line * 50))
            answers = answer_all(Lines(file))
            closing = threading.Timer(5, feed.close)  # else, it would wait for ever
            closing.start()
            n_lines = 0
            while n_lines < 50:
                n_lines += next(answers).n_lines
            assert not feed.closed
            closing.cancel()
            feed.close()
            assert next(answers, None) is None


class TestWorkers:
    def test_are_gone_in_the_end(self, numbers: Lines) -> None:
        with answering(doubled, 3) as answer_all:
            answers = answer_all(numbers)
            next(answers)
            assert len(workers()) == 3
        assert not workers()

    def test_are_gone_after_an_error(self, numbers: Lines) -> None:
        def interrupted() -> None:
            with answering(doubled, 3) as answer_all:
                next(answer_all(numbers))
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()
        assert not workers()

    def test_interrupt_while_they_start_leaves_none(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        start = multiprocessing.context.ForkProcess.start

        def interrupted(process: multiprocessing.context.ForkProcess) -> None:
            start(process)
            signal.raise_signal(signal.SIGINT)  # now, not when a thread sees to it

        monkeypatch.setattr(multiprocessing.context.ForkProcess, "start", interrupted)
        with pytest.raises(KeyboardInterrupt), answering(doubled, 3):
            pytest.fail("it was interrupted")
        assert not workers()

    @pytest.mark.parametrize("sent", [0, 1])
    def test_one_that_is_killed_is_told(self, numbers: Lines, sent: int) -> None:
        with answering(doubled, 2) as answer_all:
            answers = answer_all(numbers)
            for _ in range(sent):
                next(answers)
            for child in workers():
                os.kill(child.pid or 0, signal.SIGKILL)
            with pytest.raises(WorkerError, match=r"was ended \(SIGKILL\); if memory"):
                list(answers)
        assert not workers()

    def test_one_that_fails_is_told(
        self, numbers: Lines, capfd: pytest.CaptureFixture[str]
    ) -> None:
        def broken(_: bytes) -> bytes:
            raise ZeroDivisionError

        with answering(broken, 2) as answer_all:
            told = r"was ended \(exit code 1\)$"
            with pytest.raises(WorkerError, match=told):
                list(answer_all(numbers))
        assert "ZeroDivisionError" in capfd.readouterr().err

    def test_end_with_their_parent(self) -> None:
        reading, writing = os.pipe()  # ends when the last process has gone that has it
        parent = os.fork()
        if not parent:
            os.close(reading)
            with answering(doubled, 3):
                os.kill(os.getpid(), signal.SIGKILL)
        os.close(writing)
        assert os.waitpid(parent, 0)[1] == signal.SIGKILL
        with os.fdopen(reading, "rb") as ends:
            assert ends.read() == b""
