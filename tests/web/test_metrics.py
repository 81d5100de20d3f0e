"""What Prometheus reads: the right counts, added up, and no label without bound."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import cast

import pytest
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from service.tagging.model_file import SCORE_EDGES
from service.tagging.tagger import Article, ScoredTopic, TaggedArticle, Tagger
from service.web import metrics_folder
from service.web.metrics import CONTENT_TYPE, Metrics
from tests.web.fake_tagger import TOPICS, FakeModel, FakeTagger

ROOT = Path(__file__).parents[2]


@pytest.fixture
def metrics() -> Metrics:
    return Metrics(lambda: cast(Tagger, FakeTagger()))


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    metrics.settle()
    return metrics.registry.get_sample_value(name, labels)


def scored(
    score: float, *, assigned: bool = False, review: bool = False
) -> ScoredTopic:
    return ScoredTopic(
        TOPICS[0].id, TOPICS[0].names, score, assigned, review, threshold=0.5
    )


def test_requests_are_counted_by_route_and_status(client: FlaskClient) -> None:
    for path in (
        "/healthz",
        "/v1/topics",
        "/v1/topics?q=1",
        "/nowhere/1",
        "/nowhere/2",
    ):
        client.get(path, buffered=True)
    client.open("/healthz", method="BREW", buffered=True)
    client.post("/static/secret.css", buffered=True)
    answer = client.get("/metrics")
    assert answer.content_type == CONTENT_TYPE
    found = {
        (sample.labels["method"], sample.labels["route"], sample.labels["status"]): (
            sample.value
        )
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
        if sample.name == "barchasb_requests_total"
    }
    assert found == {
        ("GET", "/healthz", "200"): 1,
        ("GET", "/v1/topics", "200"): 2,
        ("GET", "none", "404"): 2,
        ("other", "/healthz", "405"): 1,
        ("POST", "/static/<path:filename>", "405"): 1,
    }


def test_request_that_asks_is_in_flight(client: FlaskClient) -> None:
    assert "\nbarchasb_requests_in_flight 1.0\n" in client.get("/metrics").text


def test_seconds_fall_into_buckets(metrics: Metrics) -> None:
    metrics.answered("GET", "/", 200, 0.0004, {})
    metrics.answered("GET", "/", 503, 0.3, {})
    found = [
        value(
            metrics, "barchasb_request_seconds_bucket", le=le, method="GET", route="/"
        )
        for le in ("0.0005", "0.25", "0.5", "+Inf")
    ]
    assert found == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("score", "upto"),
    [(0.0, "0.01"), (0.01, "0.01"), (0.02, "0.03"), (0.5, "0.5"), (1.0, "1")],
)
def test_score_is_counted_in_its_bin(metrics: Metrics, score: float, upto: str) -> None:
    metrics.tagged(TaggedArticle("fa", (scored(score),), 0.9))
    found = {
        f"{edge:g}": value(
            metrics, "barchasb_scores_total", topic="trade", upto=f"{edge:g}"
        )
        for edge in SCORE_EDGES
    }
    assert found.pop(upto) == 1
    assert set(found.values()) == {0}


def test_tags_and_reviews_are_counted(metrics: Metrics) -> None:
    for assigned, review in ((True, True), (True, False), (False, False)):
        one = scored(0.6, assigned=assigned, review=review)
        metrics.tagged(TaggedArticle("fa", (one,), 0.9))
    assert value(metrics, "barchasb_tags_total", topic="trade") == 2
    assert value(metrics, "barchasb_reviews_total", topic="trade") == 1


def test_other_languages_are_counted_and_nothing_else(metrics: Metrics) -> None:
    for language in ("en", "en", None):
        metrics.tagged(TaggedArticle(language, (scored(0.0),)))
    assert value(metrics, "barchasb_articles_total", language="en") == 2
    assert value(metrics, "barchasb_articles_total", language="none") == 1
    assert value(metrics, "barchasb_unseen_words_ratio_count") == 0
    assert value(metrics, "barchasb_tags_total", topic="trade") is None


def test_articles_are_counted_many_at_a_time(metrics: Metrics) -> None:
    def counted() -> float | None:
        return metrics.registry.get_sample_value(
            "barchasb_articles_total", {"language": "en"}
        )

    article = TaggedArticle("en", ())
    for _ in range(63):
        metrics.tagged(article)
    assert counted() is None
    metrics.tagged(article)
    assert counted() == 64


def test_no_article_is_lost_or_counted_twice_between_threads(metrics: Metrics) -> None:
    article = TaggedArticle("fa", (scored(0.6, assigned=True),), 0.9)

    def tag() -> None:
        for _ in range(1000):
            metrics.tagged(article)

    with ThreadPoolExecutor(8) as threads:
        for _ in range(8):
            threads.submit(tag)
    assert value(metrics, "barchasb_articles_total", language="fa") == 8000
    assert value(metrics, "barchasb_tags_total", topic="trade") == 8000


def test_what_waits_is_counted_before_it_is_shown(client: FlaskClient) -> None:
    client.post("/v1/classify", json={"text": "خبر"}, buffered=True)
    assert b'barchasb_articles_total{language="fa"} 1.0' in client.get("/metrics").data


def test_share_of_unseen_words(metrics: Metrics) -> None:
    metrics.tagged(TaggedArticle("fa", (), 0.75))
    assert value(metrics, "barchasb_unseen_words_ratio_sum") == 0.25
    assert value(metrics, "barchasb_unseen_words_ratio_bucket", le="0.2") == 0
    assert value(metrics, "barchasb_unseen_words_ratio_bucket", le="0.3") == 1


def test_tagger_tells_how_many_words_it_knows(tagger: Tagger) -> None:
    # Two letters that no seed puts together make words that none can know.
    known, unseen = tagger.tag(
        [Article("", "برق از نیروگاه"), Article("", "برق از نیروگاه ثژثژ ژثژث ثثژژ")]
    )
    assert 0 < unseen.known_words < known.known_words <= 1


def test_version_changes(metrics: Metrics) -> None:
    metrics.serves("old")
    metrics.reloaded("new")
    metrics.reload_refused()
    assert value(metrics, "barchasb_workers", version="old") == 0
    assert value(metrics, "barchasb_workers", version="new") == 1
    for outcome in ("done", "refused"):
        found = value(metrics, "barchasb_model_reloads_total", outcome=outcome)
        assert found == 1


def test_refusals_are_counted(metrics: Metrics) -> None:
    metrics.refused(431)
    assert value(metrics, "barchasb_refused_total", status="431") == 1


@pytest.mark.parametrize(
    ("edges", "told"), [(list(SCORE_EDGES), 7.0), ([0.5, 1.0], None)]
)
def test_training_scores_are_told_if_they_are_in_the_same_bins(
    edges: list[float], told: float | None
) -> None:
    tagger = FakeTagger()
    counts = {"trade": [7, *[0] * (len(edges) - 1)]}
    evaluation = {"scores": {"edges": edges, "counts": counts}}
    tagger.model = replace(FakeModel(), evaluation=evaluation)
    metrics = Metrics(lambda: cast(Tagger, tagger))
    found = value(metrics, "barchasb_training_scores", topic="trade", upto="0.01")
    assert found == told


def test_model_is_named(metrics: Metrics) -> None:
    found = value(
        metrics,
        "barchasb_model_info",
        version="0123456789abcdef",
        seeds="seeds-digest",
    )
    assert found == 1


_WORKERS = """
import os, sys
from typing import cast
from service.web.metrics import Metrics, process_ended
from tests.web.fake_tagger import FakeTagger
metrics = Metrics(lambda: FakeTagger())
for _ in range(2):
    if os.fork() == 0:
        metrics.answered("GET", "/", 200, 0.001, {})
        metrics.in_flight.inc()
        metrics.serves("v1")
        os._exit(0)
ended = [os.wait()[0] for _ in range(2)]
process_ended(ended[0])
for name, labels in (
    ("barchasb_requests_total", {"method": "GET", "route": "/", "status": "200"}),
    ("barchasb_requests_in_flight", {}),
    ("barchasb_workers", {"version": "v1"}),
):
    print(metrics.registry.get_sample_value(name, labels))
"""


def test_workers_are_added_up_and_the_dead_counted_out(tmp_path: Path) -> None:
    """In a process of its own: how to count is chosen when it is imported."""
    ended = subprocess.run(
        [sys.executable, "-c", _WORKERS],
        cwd=ROOT,
        env={"PATH": os.defpath, metrics_folder.VARIABLE: str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout.split() == ["2.0", "1.0", "1.0"], ended.stderr


_FOLDER = """
import os, sys
from service.web import metrics_folder
folder = metrics_folder.make(sys.argv[1])
assert metrics_folder.make(sys.argv[1]) is folder
if os.fork() == 0:
    sys.exit()
os.wait()
assert folder.is_dir()
"""


def test_folder_ends_with_its_maker_and_no_sooner(tmp_path: Path) -> None:
    subprocess.run(
        [sys.executable, "-c", _FOLDER, str(tmp_path)], cwd=ROOT, timeout=60, check=True
    )
    assert list(tmp_path.iterdir()) == []


_KILLED = """
import os, signal, sys
from service.web import metrics_folder
print(metrics_folder.make(sys.argv[1]), flush=True)
if os.fork() == 0:
    sys.stdin.read()
    os._exit(0)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_folder_of_a_killed_master_goes_when_its_workers_are_gone(
    tmp_path: Path,
) -> None:
    killed = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(tmp_path)],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert killed.stdin
    assert killed.stdout
    folder = Path(killed.stdout.readline().strip())
    killed.wait(60)
    os.utime(folder, (0, 0))
    make = [sys.executable, "-c", _FOLDER, str(tmp_path)]
    subprocess.run(make, cwd=ROOT, timeout=60, check=True)
    assert folder.is_dir()
    killed.stdin.close()
    killed.stdout.read()  # ends with the worker
    killed.stdout.close()
    subprocess.run(make, cwd=ROOT, timeout=60, check=True)
    assert not folder.exists()
