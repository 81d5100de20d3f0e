"""Lines of requests, and threads that answer them."""

import threading
import time

from service.web.crew import Crew, Line


def test_line_gives_the_first_first_and_drops_the_oldest() -> None:
    line: Line[str] = Line()
    assert not line
    assert line.oldest() is None
    for since, request in enumerate("abcd"):
        line.add(request, float(since))
    assert line.next() == "a"
    assert line.take_out(before=3.0) == ["b", "c"]
    assert line
    assert line.oldest() == 3.0


def test_requests_are_answered_in_order() -> None:
    answered: list[int] = []
    ended = threading.Event()

    def answer(request: int) -> None:
        answered.append(request)
        if request == 9:
            ended.set()

    crew = Crew(1, answer)
    for request in range(10):
        crew.add(request, time.monotonic())
    assert ended.wait(10)
    assert answered == list(range(10))
    assert crew.oldest() is None


def test_who_has_waited_too_long_is_taken_out_while_threads_are_busy() -> None:
    begun, go_on, ended = threading.Event(), threading.Event(), threading.Event()

    def answer(request: str) -> None:
        begun.set()
        go_on.wait(10)
        if request == "late":
            ended.set()

    crew = Crew(1, answer)
    crew.add("first", 1.0)
    assert begun.wait(10)
    for since, request in enumerate(("old", "older", "late"), 1):
        crew.add(request, float(since))
    assert crew.oldest() == 1.0
    assert crew.take_out(before=3.0) == ["old", "older"]
    assert crew.oldest() == 3.0
    go_on.set()
    assert ended.wait(10)


def test_thread_outlives_an_error() -> None:
    ended = threading.Event()

    def answer(request: str) -> None:
        if request == "bad":
            raise RuntimeError
        ended.set()

    crew = Crew(1, answer)
    crew.add("bad", 1.0)
    crew.add("good", 1.0)
    assert ended.wait(10)
    crew.shutdown(wait=False)
