import json
import re
from collections.abc import Iterator
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import joblib
import msgspec
import numpy as np
import pytest

from service.tagging.model_file import Model
from training.bootstrap import Estimate
from training.calibration import calibrate, fit_topics
from training.card import Card, CardMaterial, make_card
from training.card.contents import as_json
from training.card.counts import count_seeds
from training.card.curves import RELIABILITY_BINS, curves
from training.card.material import cross_validated
from training.card.measured import measure
from training.card.page import figure, interval, percent, signed
from training.card.together import count_together
from training.card.words import strongest_words
from training.corpus import ABSENT, BORDERLINE, CARRIED, build_corpus, is_held_out
from training.decisions import Decisions
from training.pipeline import build_blocks
from training.seeds import SeedSet, read_seeds
from training.split import unlike_learned

VOID = ("meta", "br", "path", "use", "rect")


@pytest.fixture(scope="module")
def material(model: Model, seed_set: SeedSet) -> CardMaterial:
    learned = [seed for seed in seed_set.seeds if not is_held_out(seed)]
    corpus = build_corpus(seed_set, learned, model.reading)
    with joblib.parallel_config(backend="sequential"):
        fitted = fit_topics(build_blocks(corpus).rows(corpus.counts), corpus)
    calibrated = [calibrate(one, corpus, topic) for topic, one in enumerate(fitted)]
    held_out = unlike_learned(seed_set, model.reading)
    return CardMaterial(model, seed_set, corpus, held_out, calibrated)


@pytest.fixture(scope="module")
def card(material: CardMaterial) -> Card:
    return make_card(material)


@pytest.fixture
def decisions() -> Decisions:
    """Twenty articles: the first topic well known, the second carried by none."""
    random = np.random.default_rng(0)
    grades = np.full((20, 2), ABSENT, np.int8)
    grades[:8, 0] = CARRIED
    grades[8, 0] = BORDERLINE
    scores = random.random((20, 2)) / 2
    scores[:7, 0] += 0.5
    scores[8, 0] = np.nan
    return Decisions(
        ("energy", "football"),
        grades,
        scores,
        assigned=scores >= 0.5,
        review=np.abs(scores - 0.5) < 0.1,
    )


class Tags(HTMLParser):
    """Collects tags and attributes, and makes sure that tags are closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.open: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def attributes(self, *names: str) -> Iterator[str]:
        for _, attributes in self.found:
            yield from (attributes[name] for name in names if name in attributes)


def test_same_material_gives_same_bytes(card: Card, material: CardMaterial) -> None:
    assert make_card(material) == card


def test_page_is_whole_and_needs_nothing_else(card: Card) -> None:
    tags = Tags(card.html)
    assert not tags.open
    names = {tag for tag, _ in tags.found}
    assert not names & {"script", "link", "img", "iframe", "object", "base", "form"}
    assert all(one.startswith("#") for one in tags.attributes("href", "xlink:href"))
    assert not any(one.startswith("on") for _, found in tags.found for one in found)
    assert "@import" not in card.html
    assert all(one.startswith("url(#") for one in re.findall(r"url\([^)]*", card.html))


def test_ids_are_unique_and_links_lead_somewhere(card: Card) -> None:
    tags = Tags(card.html)
    ids = list(tags.attributes("id"))
    assert len(ids) == len(set(ids))
    used = {one[1:] for one in tags.attributes("href", "xlink:href")}
    used |= set(re.findall(r"url\(#([^)]*)\)", card.html))
    assert used <= set(ids)


def test_every_topic_has_three_pictures_without_persian(card: Card) -> None:
    pictures = re.findall(r"<svg.*?</svg>", card.html, re.DOTALL)
    assert len(pictures) == 6
    assert not any(re.search("[\u0600-\u06ff]", one) for one in pictures)


def test_persian_is_marked_as_such(card: Card) -> None:
    assert '<bdi lang="fa" dir="rtl">انرژی</bdi>' in card.html
    assert "نشاط آدم‌ها." in card.html


def test_card_names_seeds_by_digest_and_no_time(
    card: Card, material: CardMaterial
) -> None:
    assert material.seed_set.digest in card.html
    assert not re.search(r"\d{4}-\d{2}-\d{2}|\d{2}:\d{2}", card.html)


def test_json_holds_the_same_figures(card: Card, material: CardMaterial) -> None:
    found = json.loads(card.json)
    assert found["seeds_digest"] == material.seed_set.digest
    assert [topic["id"] for topic in found["topics"]] == ["energy", "football"]
    energy = found["topics"][0]
    assert set(energy["curves"]["points"]) == {"usual", "precision", "recall"}
    assert energy["threshold"] == 0.5
    assert f"{found['held_out']['measured']['macro_f1']['value']:.2f}" in card.html
    assert {one["name"] for one in found["held_out"]["retyped"]} >= {"tatweel"}


def test_names_of_topics_are_escaped(material: CardMaterial) -> None:
    first, second = material.model.topics
    topics = (msgspec.structs.replace(first, name_en="<script>"), second)
    html = make_card(
        replace(material, model=replace(material.model, topics=topics))
    ).html
    assert "<script>" not in html
    assert "&lt;script&gt;" in html


def test_seeds_without_articles_or_held_out_texts(material: CardMaterial) -> None:
    """A first few seeds give a card too, which says what is not known."""
    kept = material.corpus.whole & False
    corpus = replace(material.corpus, whole=kept)
    seeds = [seed for seed in material.seed_set.seeds if not is_held_out(seed)]
    seed_set = replace(material.seed_set, seeds=tuple(seeds))
    few = replace(material, corpus=corpus, seed_set=seed_set, held_out=())
    card = make_card(few)
    assert "No held-out seed has a text" in card.html
    assert "no article carries it" in card.html
    assert "nan" not in re.sub(r"<svg.*?</svg>", "", card.html, flags=re.DOTALL)
    found = json.loads(card.json)
    assert found["held_out"] is None
    assert found["cross_validated"] is None


def test_cross_validated_scores_belong_to_their_seeds(material: CardMaterial) -> None:
    found = cross_validated(material)
    whole = material.corpus.whole
    assert found.grades.tolist() == material.corpus.grades[whole].tolist()
    for topic, one in enumerate(material.calibrated):
        n_found = int((found.grades[:, topic] != BORDERLINE).sum())
        assert one.articles.weights[:n_found].tolist() == [1.0] * n_found
        assert (one.articles.carries[:n_found] == found.carried[:, topic]).all()


def test_measure_counts_no_borderline(decisions: Decisions) -> None:
    energy = measure(decisions).topics["energy"]
    assert (energy.carried, energy.counted) == (8, 19)
    assert energy.precision == 1
    assert energy.recall == 7 / 8
    assert energy.f1.low <= energy.f1.value <= energy.f1.high
    assert (energy.wrong, energy.caught) == (1, int(decisions.review[7, 0]))


def test_measure_says_nothing_of_a_topic_that_none_carries(
    decisions: Decisions,
) -> None:
    football = measure(decisions).topics["football"]
    assert np.isnan([football.precision, football.recall, football.f1.value]).all()


def test_curves_hold_every_article_once(decisions: Decisions) -> None:
    first = decisions.only(decisions.counted[:, 0])
    found = curves(first, {"usual": 0.5})
    assert sum(found.carried) == 8
    assert sum(found.absent) == 11
    assert len(found.bins) == RELIABILITY_BINS
    assert sum(one.articles for one in found.bins) == 19
    assert all(0 <= one.low <= one.share <= one.high <= 1 for one in found.bins)
    assert found.points["usual"] == (0.5, 7 / 8, 1.0)
    assert found.curve[0][0] == 0
    assert found.curve[-1] == (1, 8 / 19)


def test_together_counts_pairs(decisions: Decisions) -> None:
    found = count_together(decisions)
    assert found.assigned == [[7, 0], [0, 0]]
    assert found.carried == [[8, 0], [0, 0]]


def test_strongest_words_are_readable(material: CardMaterial) -> None:
    energy, football = strongest_words(material)
    assert "برق" in [one.word for one in energy.speak_for]
    assert "تیم" in [one.word for one in football.speak_for]
    for words in (energy, football):
        weights = [one.log_odds for one in words.speak_for]
        assert weights == sorted(weights, reverse=True)
        assert all(one.log_odds < 0 for one in words.speak_against)


def test_seed_counts_add_up(seed_set: SeedSet) -> None:
    energy, football, none = count_seeds(seed_set)
    assert (energy.topic, football.topic, none.topic) == ("energy", "football", "")
    assert none.seeds == sum(not seed.topics for seed in seed_set.seeds)
    for one in (energy, football, none):
        assert sum(one.sorts.values()) == one.seeds
        assert sum(one.forms.values()) == one.seeds


def test_counted_seeds_are_counted_apart(seeds_folder: Path) -> None:
    energy, football, none = count_seeds(read_seeds(seeds_folder))
    assert [one.sorts["counted"] for one in (energy, football, none)] == [4, 0, 4]
    assert [one.borderline for one in (energy, football, none)] == [0, 4, 0]
    assert energy.seeds - sum(energy.forms.values()) == 4  # they have no spelling


def test_figures_are_written() -> None:
    unknown = float("nan")
    assert percent(1.0) == "100.0\u202f%"
    assert percent(0.9999) == "99.9\u202f%"
    assert percent(0.29) == "29.0\u202f%"
    assert figure(0.125) == "0.12"
    assert (percent(unknown), figure(unknown)) == ("–", "–")
    assert (signed(-0.5), signed(1.234)) == ("\u22120.50", "+1.23")
    assert interval(Estimate(1.0, 0.9, 1.0)) == "0.90–1.00"
    assert interval(Estimate(1.0, unknown, unknown)) == ""


def test_json_has_no_nan() -> None:
    nothing = Estimate(float("nan"), 0.12345, 1.0)
    assert as_json([nothing]) == [{"value": None, "low": 0.1235, "high": 1.0}]
