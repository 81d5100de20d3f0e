import os
import pty
import sys
import termios
from collections.abc import Callable

import pytest

from service import progress
from service.progress import Progress

Capture = pytest.CaptureFixture[str]
Begin = Callable[[int | None], Progress]


@pytest.fixture
def begin(monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Makes standard error a terminal, and a bar in it."""
    monkeypatch.setenv("COLUMNS", "200")

    def begin(total: int | None) -> Progress:
        monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
        return Progress(total)

    return begin


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that have passed."""
    passed = [100.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: passed[0])
    return passed


def test_share_rate_and_time_left(
    begin: Begin, capsys: Capture, clock: list[float]
) -> None:
    bar = begin(1000)
    clock[0] += 10
    bar.add(12_000, 250)
    assert capsys.readouterr().err == (
        "\r\x1b[K[#####---------------]  25%  12,000 lines, 1,200/s, 0:00:30 left"
    )


def test_without_a_total(begin: Begin, capsys: Capture, clock: list[float]) -> None:
    bar = begin(None)
    clock[0] += 3725
    bar.add(7450, 250)
    assert capsys.readouterr().err == "\r\x1b[K7,450 lines, 2/s, 1:02:05"


def test_is_drawn_now_and_then_and_in_the_end(
    begin: Begin, capsys: Capture, clock: list[float]
) -> None:
    bar = begin(10)
    for _ in range(10):
        clock[0] += 0.03
        bar.add(1, 1)
    assert capsys.readouterr().err.count("\r") == 2
    bar.close()
    assert capsys.readouterr().err == (
        "\r\x1b[K[####################] 100%  10 lines, 33/s, 0:00:00 left\n"
    )


def test_line_is_no_wider_than_the_terminal(
    begin: Begin, capsys: Capture, clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "30")
    bar = begin(10)
    clock[0] += 1
    bar.add(1, 1)
    assert len(capsys.readouterr().err.removeprefix("\r\x1b[K")) == 29


def test_width_is_that_of_the_terminal_that_is_drawn_in(
    clock: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Standard output may be a file, and then nobody knows its width."""
    terminal, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 30))
    monkeypatch.delenv("COLUMNS", raising=False)
    with os.fdopen(theirs, "w") as stream, os.fdopen(terminal, "rb") as screen:
        monkeypatch.setattr(sys, "stderr", stream)
        bar = Progress(10)
        clock[0] += 1
        bar.add(1, 1)
        assert len(screen.read1(1000).removeprefix(b"\r\x1b[K")) == 29


def test_problem_takes_the_place_of_the_bar(begin: Begin, capsys: Capture) -> None:
    assert begin(10).complain("bad") == 1
    assert capsys.readouterr().err == "\r\x1b[Kbarchasb: bad\n"


def test_nothing_but_problems_without_a_terminal(
    clock: list[float], capsys: Capture
) -> None:
    bar = Progress(10)
    clock[0] += 1
    bar.add(1, 1)
    bar.complain("bad")
    bar.close()
    assert capsys.readouterr().err == "barchasb: bad\n"


def test_nothing_where_it_is_not_wanted(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], capsys: Capture
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    bar = Progress(10, wanted=False)
    clock[0] += 1
    bar.add(1, 1)
    bar.close()
    assert capsys.readouterr().err == ""
