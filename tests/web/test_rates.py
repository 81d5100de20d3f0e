"""Counters that workers share."""

import os
import signal
import time

import pytest

from service.web import rates
from service.web.rates import Rates, SharedCounters


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    clock = [time.monotonic()]
    monkeypatch.setattr(time, "monotonic", lambda: clock[0])
    return clock


def test_window_begins_with_the_first_request_and_ends(now: list[float]) -> None:
    counted = Rates("2/minute")
    assert [counted.count("desk").left for _ in range(2)] == [1, 0]
    now[0] += 59.5
    standing = counted.count("desk")
    assert (standing.allowed, standing.left, standing.seconds) == (False, 0, 1)
    now[0] += 0.6
    assert counted.count("desk").left == 1


def test_clock_that_jumps_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    counted = Rates("1/hour")
    counted.count("desk")
    monkeypatch.setattr(time, "time", lambda: 0.0)
    assert not counted.count("desk").allowed
    monkeypatch.setattr(time, "time", lambda: 1e11)
    assert not counted.count("desk").allowed


def test_processes_count_together() -> None:
    counted = Rates("1000/hour")
    children = []
    for _ in range(3):
        child = os.fork()
        if not child:
            for _ in range(100):
                counted.count("desk")
            os._exit(0)
        children.append(child)
    for child in children:
        os.waitpid(child, 0)
    assert counted.count("desk").left == 1000 - 301


def test_process_that_is_killed_holds_no_lock() -> None:
    counters = SharedCounters()
    child = os.fork()
    if not child:
        with counters._locked():
            time.sleep(60)
    time.sleep(0.2)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    assert counters.incr("desk", 60) == 1


def test_counter_can_be_cleared() -> None:
    counters = SharedCounters()
    for clear in (lambda: counters.clear("desk"), counters.reset):
        assert counters.incr("desk", 60, 3) == 3
        clear()
        assert counters.get("desk") == 0
    assert counters.check()


def test_full_table_forgets_who_would_be_forgotten_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rates, "_SLOTS", 8)
    counters = SharedCounters()
    for number in range(8):
        counters.incr(f"desk-{number}", 60 + number)
    counters.incr("sport", 60)
    assert counters.get("desk-0") == 0
    assert [counters.get(f"desk-{number}") for number in range(1, 8)] == [1] * 7
