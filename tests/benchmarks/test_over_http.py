import json

import pytest

from benchmarks.over_http import LoadError, paired_ratio, rate, request_bodies
from service.tagging.tagger import Article

PRINTED = """Running 4s test @ http://127.0.0.1:1/
  1 threads and 8 connections
  6261 requests in 4.00s, 9.02MB read
Requests/sec:   1565.25
Transfer/sec:      2.25MB
"""


def test_the_rate_is_what_wrk_printed() -> None:
    assert rate(PRINTED) == 1565.25


@pytest.mark.parametrize(
    "fault",
    [
        "  Non-2xx or 3xx responses: 12\n",
        "  Socket errors: connect 0, read 3, write 0, timeout 0\n",
    ],
)
def test_answers_that_are_not_good_are_no_rate(fault: str) -> None:
    with pytest.raises(LoadError, match=fault.strip()):
        rate(PRINTED.replace("Requests/sec", f"{fault}Requests/sec"))


def test_nothing_printed_is_no_rate() -> None:
    with pytest.raises(LoadError, match="no rate"):
        rate("")


def test_a_slow_moment_of_the_machine_moves_no_ratio() -> None:
    turns = {"one": [80.0, 82.0, 8.0, 40.0], "other": [100.0, 100.0, 10.0, 90.0]}
    figure = paired_ratio(turns, "one", "other", least=0.75)
    assert (figure.name, figure.verdict) == ("one over other", "yes")
    assert figure.value == pytest.approx(0.8)


def test_bodies_have_four_kilobytes_of_what_the_service_takes() -> None:
    long = Article("تیتر", "خبر " * 2000)
    html = Article("", "<p>" * 2000)
    short = Article("تیتر", "خبر")
    (body,) = request_bodies([short, long, html])
    assert 4080 <= len(body) <= 4096
    asked = json.loads(body)
    assert asked["title"] == long.title
    assert long.text.startswith(asked["text"])


def test_short_articles_are_joined_where_there_are_no_long_ones() -> None:
    seeds = [Article(f"تیتر {number}", f"خبر {number} " * 100) for number in range(30)]
    bodies = request_bodies(seeds)
    assert len(set(bodies)) == len(bodies) > 5
    assert all(4080 <= len(body) <= 4096 for body in bodies)


def test_articles_that_fill_no_body_are_reported() -> None:
    with pytest.raises(LoadError, match="do not fill"):
        request_bodies([Article("تیتر", "خبر")])
