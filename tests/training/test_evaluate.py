import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from service.tagging.model_store import ModelStore
from service.tagging.tagger import Tagger
from training.bootstrap import draw_articles, estimate, f1_of_draws
from training.decisions import Decisions
from training.evaluate import evaluate
from training.figures import report
from training.gold import read_gold
from training.reliability import calibration_errors, review_band

TOPICS = ["energy", "football"]
ARTICLES = [
    ("خاموشی برق", "خاموشی برق در تهران به کارخانه\u200cها رسید.", 2, 0),
    ("", "تیم فوتبال شهر در لیگ برتر پنالتی را گل کرد.", 0, 2),
    ("باران", "باران دیشب کوچه\u200cهای روستا را تر کرد.", 0, 0),
    ("کتاب", "نمایشگاه کتاب باکو گشایش یافت.", 1, 0),
]


def decisions_of(
    grades: list[list[int]], scores: list[list[float]], review: bool = False
) -> Decisions:
    found = np.array(scores)
    return Decisions(
        tuple(TOPICS[: found.shape[1]]),
        np.array(grades, np.int8),
        found,
        found >= 0.5,
        np.full(found.shape, review),
    )


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    lines = [
        json.dumps(
            {
                "id": f"a{place}",
                "title": title,
                "text": text,
                "grades": {"energy": energy, "football": football},
                "slice": "feed" if place % 2 else "chosen",
                "half": "open",
            }
        )
        for place, (title, text, energy, football) in enumerate(ARTICLES)
    ]
    path.write_text("\n".join(lines) + "\n\n", "utf-8")
    return path


def test_draws_of_the_articles_themselves_give_their_f1() -> None:
    decisions = decisions_of(
        [[2, 2], [2, 0], [0, 0], [1, 0]],
        [[0.9, 0.9], [0.1, 0.6], [0.2, 0.1], [0.9, 0.2]],
    )
    drawn = f1_of_draws(decisions, np.arange(4)[np.newaxis])
    figures = report(decisions)
    assert drawn.macro[0] == pytest.approx(figures.macro.f1)
    assert drawn.micro[0] == pytest.approx(figures.micro.f1)


def test_a_draw_without_a_carrying_article_has_no_macro_f1() -> None:
    drawn = f1_of_draws(
        decisions_of([[2], [0]], [[0.9], [0.1]]), np.array([[1, 1], [0, 1]])
    )
    assert np.isnan(drawn.macro[0])
    assert drawn.macro[1] == 1.0
    assert estimate(1.0, drawn.macro) == (1.0, 1.0, 1.0)
    assert np.isnan(estimate(1.0, drawn.macro[:1]).low)


def test_draws_are_the_same_every_time() -> None:
    assert np.array_equal(draw_articles(7), draw_articles(7))
    assert draw_articles(7).shape == (1000, 7)


def test_the_interval_narrows_with_more_articles() -> None:
    def width(times: int) -> float:
        one = decisions_of([[2], [2], [0], [0]], [[0.9], [0.2], [0.7], [0.1]])
        places = np.tile(np.arange(4), times)
        many = Decisions(
            one.topics,
            one.grades[places],
            one.scores[places],
            one.assigned[places],
            one.review[places],
        )
        drawn = f1_of_draws(many, draw_articles(len(places)))
        found = estimate(0.5, drawn.micro)
        return found.high - found.low

    assert width(100) < width(10) / 2


def test_calibration_error_is_the_gap_of_each_bin() -> None:
    # Ten articles to a bin, two bins' worth of scores: 0.2 (3 carry) and 0.8 (all do).
    carried = [2] * 3 + [0] * 7 + [2] * 10
    scores = [0.2] * 10 + [0.8] * 10
    found = calibration_errors(
        decisions_of([[grade] for grade in carried], [[score] for score in scores])
    )["energy"]
    # Each of the ten bins holds two articles of one score, in the order given.
    assert found.value == pytest.approx((0.8 + 0.3 + 0.2 * 3 + 0.2 * 5) / 10)
    assert found.low <= found.value <= found.high


def test_honest_scores_have_a_small_calibration_error() -> None:
    random = np.random.default_rng(1)
    scores = random.random((5000, 1))
    carried = random.random((5000, 1)) < scores
    honest = Decisions(
        ("energy",), np.where(carried, 2, 0), scores, scores >= 0.5, scores > 2
    )
    sure = Decisions(
        ("energy",), honest.grades, np.round(scores), scores >= 0.5, scores > 2
    )
    assert calibration_errors(honest)["energy"].value < 0.03
    assert calibration_errors(sure)["energy"].value == pytest.approx(0.25, abs=0.02)


def test_calibration_of_borderline_articles_is_not_known() -> None:
    found = calibration_errors(decisions_of([[1]], [[0.5]]))["energy"]
    assert np.isnan(found.value)


def test_review_band_counts_what_it_catches() -> None:
    decisions = decisions_of([[2], [2], [0], [1]], [[0.9], [0.4], [0.6], [0.5]])
    decisions.review[1:2] = True
    band = review_band(decisions)
    assert (band.wrong, band.caught.value, band.flagged.value) == (2, 0.5, 0.25)


def test_review_band_without_wrong_decisions_has_nothing_to_catch() -> None:
    band = review_band(decisions_of([[2], [0]], [[0.9], [0.1]], review=True))
    assert band.wrong == 0
    assert np.isnan(band.caught.value)
    assert band.flagged.value == 1.0


def test_a_tagger_gains_nothing_over_itself(tagger: Tagger, gold: Path) -> None:
    graded = read_gold(gold, TOPICS)
    evaluated = evaluate(tagger, graded, {"itself": tagger})
    peer = evaluated["all"].peers["itself"]
    assert peer.macro_gain == peer.micro_gain == (0.0, 0.0, 0.0)
    assert peer.report.topics == evaluated["all"].report.topics


@pytest.fixture
def command(store: ModelStore, small_seeds: Path) -> Callable[..., int]:
    from training.__main__ import main  # noqa: PLC0415  # the command under test

    def run(*arguments: str) -> int:
        folders = ["--seeds", str(small_seeds), "--models", str(store.root)]
        return main([*folders, *arguments])

    return run


def test_evaluate_prints_tables_and_writes_json(
    command: Callable[..., int],
    gold: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "figures.json"
    assert command("evaluate", "--gold", str(gold), "--json", str(path)) == 0
    printed = capsys.readouterr().out
    for title in ("all: 4 articles", "macro F1", "calibration error", "review band"):
        assert title in printed
    figures = json.loads(path.read_text("utf-8"))
    assert {"version", "all", "slice feed", "half open"} <= set(figures)
    assert set(figures["all"]) == {
        "figures",
        "macro_f1",
        "micro_f1",
        "calibration_error",
        "peers",
        "review_band",
    }
