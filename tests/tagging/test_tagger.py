"""The tagger, through the file it is served from."""

import random
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import chain

import numba
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import UNSET

import service.tagging.tagger
from service.tagging.tagger import (
    Article,
    Evidence,
    ScoredTopic,
    TaggedArticle,
    Tagger,
    Wish,
)
from tests.tagging.persian import plain_texts, texts
from tests.tagging.variants import VARIANTS, marked

EXPLAIN = Wish(explain=True)
ENERGY = "این شرکت اعلام کرد تولید نفت و گاز برای نیروگاه‌های تازه بیشتر شد."
FOOTBALL = "تیم فوتبال شهر در این بازی دو گل زد و جام را از تیم میزبان گرفت."
LIBRARY = "کتابخانه کوچک محله که دو سال بسته بود از امروز باز است."
# Enough frequent words for any text of `plain_texts` to be taken for Persian.
PERSIAN = "این است را برای از با در یک شد شده. " * 3

Tag = Callable[..., TaggedArticle]


@pytest.fixture(scope="session")
def tag(tagger: Tagger) -> Tag:
    def tag(text: str, title: str = "", wish: Wish = EXPLAIN) -> TaggedArticle:
        return next(tagger.tag([Article(title, text)], wish))

    return tag


def scores(tagged: TaggedArticle) -> dict[str, float]:
    return {one.id: one.score for one in tagged.topics}


def assigned(tagged: TaggedArticle) -> set[str]:
    return {one.id for one in tagged.topics if one.assigned}


def evidence(tagged: TaggedArticle) -> Iterator[Evidence]:
    return chain.from_iterable(one.evidence or () for one in tagged.topics)


@pytest.mark.parametrize(
    ("text", "topics"),
    [
        (ENERGY, {"energy"}),
        (FOOTBALL, {"football"}),
        (LIBRARY, set()),
        (f"{ENERGY}\n{FOOTBALL}", {"energy", "football"}),
        (f"{LIBRARY} {FOOTBALL} {LIBRARY}", {"football"}),
    ],
)
def test_topics(text: str, topics: set[str], tag: Tag) -> None:
    tagged = tag(text)
    assert tagged.language == "fa"
    assert assigned(tagged) == topics
    assert set(scores(tagged)) == {"energy", "football"}
    assert [*scores(tagged).values()] == sorted(scores(tagged).values(), reverse=True)
    for one in tagged.topics:
        assert one.assigned == (one.score >= one.threshold)


@pytest.mark.parametrize(
    "text",
    [
        *("", " ", "\n\n", "۱۲ 3.14 ٪", "\U0001f600 ... !", "\u064e\u0650" * 1000),
        *("\u200c" * 1000, "\ud800", "\x00", "...", "\n" * 10_000),
    ],
)
@pytest.mark.parametrize("title", ["", "۱۴۰۳", "\u064e"])
def test_no_letter(title: str, text: str, tag: Tag) -> None:
    tagged = tag(text, title)
    assert tagged.language is None
    assert len(tagged.topics) == 2
    for one in tagged.topics:
        assert (one.score, one.assigned, one.evidence) == (0.0, False, ())


@pytest.mark.parametrize("text", ["", "۱۲ 3.14 ٪", "\U0001f600 ... !", "ء ـــ"])
def test_language_is_not_asked_for_without_a_letter(
    text: str, tag: Tag, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[str] = []
    monkeypatch.setattr(service.tagging.tagger, "identify", asked.append)
    assert tag(text, text).language is None
    assert not asked
    tag(f"{text} hello")
    assert asked


def test_first_evidence_is_a_reason(tag: Tag) -> None:
    best = tag(f"{LIBRARY} {ENERGY} {LIBRARY}", "از امروز").topics[0]
    assert best.id == "energy"
    assert best.evidence[0].text in {"نفت", "گاز", "نیروگاه‌های"}
    weights = [one.weight for one in best.evidence]
    assert weights == sorted(weights, reverse=True)
    assert min(weights) > 0


def test_evidence_of_the_title(tag: Tag) -> None:
    best = tag(LIBRARY, "\U0001f600 تولید نفت و گاز برای نیروگاه های شهر").topics[0]
    assert {one.field for one in best.evidence} == {"title"}
    assert "نیروگاه های" in {one.text for one in best.evidence}


def test_evidence_only_if_asked(tag: Tag) -> None:
    quiet, explained = tag(ENERGY, wish=Wish()), tag(ENERGY)
    assert scores(quiet) == scores(explained)
    foreign = tag("Oil exports to Turkey have resumed.", wish=Wish())
    for unexplained in (quiet, foreign):
        assert {one.evidence for one in unexplained.topics} == {UNSET}
    assert [*evidence(explained)]


def in_place(article: Article, found: Evidence) -> bool:
    content = article.title if found.field == "title" else article.text
    return 0 <= found.start < found.end and (
        content[found.start : found.end] == found.text
    )


@given(title=texts, text=texts)
def test_evidence_is_a_slice(title: str, text: str, tag: Tag) -> None:
    article = Article(title, text)
    for found in evidence(tag(text, title)):
        assert in_place(article, found)
    # Where the language is sure, all of it is read.
    article = Article(title, f"{PERSIAN}{text} {FOOTBALL}")
    tagged = tag(article.text, article.title)
    assert tagged.language == "fa"
    assert all(in_place(article, found) for found in evidence(tagged))


@given(title=texts, text=texts)
def test_any_text_is_answered(title: str, text: str, tag: Tag) -> None:
    for one in tag(text, title).topics:
        assert 0.0 <= one.score <= 1.0
        assert one.score >= one.threshold or not one.assigned


@pytest.mark.parametrize("name", VARIANTS)
@settings(max_examples=30)
@given(text=plain_texts)
def test_same_scores_of_variants(name: str, text: str, tag: Tag) -> None:
    title, body = text[: len(text) // 3], f"{PERSIAN}{text}\n{ENERGY}"
    written = tag(body, title)
    typed = tag(VARIANTS[name](body), VARIANTS[name](title))
    assert scores(typed) == scores(written)
    assert [one.assigned for one in typed.topics] == [
        one.assigned for one in written.topics
    ]


@pytest.mark.parametrize("name", VARIANTS)
@settings(max_examples=30)
@given(text=plain_texts)
def test_same_language_of_variants(name: str, text: str, tag: Tag) -> None:
    assert tag(VARIANTS[name](text)).language == tag(text).language


@given(text=plain_texts, choice=st.data())
def test_same_scores_with_marks(text: str, choice: st.DataObject, tag: Tag) -> None:
    written = f"{PERSIAN}{text}\n{FOOTBALL}"
    typed = choice.draw(marked(written))
    assert scores(tag(typed)) == scores(tag(written))


@pytest.fixture(scope="session")
def articles() -> list[Article]:
    sentences = [ENERGY, FOOTBALL, LIBRARY, "نفت", "بازی بی‌گل", "", "۱۲", "hello"]
    chance = random.Random(0)  # noqa: S311  # nothing secret
    return [
        Article(chance.choice(sentences), " ".join(chance.choices(sentences, k=size)))
        for size in range(60)
    ]


def test_order_and_company_do_not_matter(
    articles: list[Article], tagger: Tagger
) -> None:
    together = [*tagger.tag(articles, EXPLAIN)]
    backwards = [*tagger.tag(reversed(articles), EXPLAIN)]
    alone = [next(tagger.tag([article], EXPLAIN)) for article in articles]
    assert together == backwards[::-1] == alone


@pytest.mark.skipif(numba.config.DISABLE_JIT, reason="threads wait where all is Python")
def test_threads_do_not_matter(articles: list[Article], tagger: Tagger) -> None:
    expected = [*tagger.tag(articles, EXPLAIN)]
    with ThreadPoolExecutor(8) as pool:
        for found in pool.map(lambda _: [*tagger.tag(articles, EXPLAIN)], range(16)):
            assert found == expected


def test_articles_are_read_one_by_one(tagger: Tagger) -> None:
    def endless() -> Iterator[Article]:
        while True:
            yield Article("", ENERGY)

    tagged = tagger.tag(endless())
    assert scores(next(tagged)) == scores(next(tagged))


@pytest.mark.parametrize(
    "text",
    [
        "ن" * 100_000,
        "نفت" * 30_000,
        "\u064e" * 100_000,
        "ﷲ" * 50_000,
        "1" * 100_000,
        "می " * 30_000,
        "ها " * 30_000,
        "\n" * 100_000,
        "." * 100_000,
        "a." * 50_000,
        "1." * 50_000,
        "\U0001f600" * 50_000,
        "\udfff" * 50_000,
    ],
    ids=lambda text: f"{text[:3]!r}",
)
def test_long_and_odd(text: str, tag: Tag) -> None:
    tagged = tag(f"{PERSIAN}{text}\n{ENERGY}", text)
    assert 0.0 <= tagged.topics[0].score <= 1.0
    assert all(len(one.evidence) <= 12 for one in tagged.topics)


def by_id(tagged: TaggedArticle) -> dict[str, ScoredTopic]:
    return {one.id: one for one in tagged.topics}


def test_thresholds_of_a_wish(tag: Tag) -> None:
    strict = by_id(tag(ENERGY, wish=Wish(thresholds={"energy": 1.1})))
    assert (strict["energy"].threshold, strict["energy"].assigned) == (1.1, False)
    assert strict["football"].threshold == by_id(tag(ENERGY))["football"].threshold
    loose = by_id(tag(LIBRARY, wish=Wish(thresholds={"football": 0.0})))
    assert loose["football"].assigned


def test_preferences_of_a_wish(tag: Tag, tagger: Tagger) -> None:
    for name, thresholds in tagger.model.preferred.items():
        found = by_id(tag(ENERGY, wish=Wish(prefer=name)))  # type: ignore[arg-type]
        assert [found[one.id].threshold for one in tagger.model.topics] == [
            *thresholds.tolist()
        ]


def test_review_band(tag: Tag, tagger: Tagger) -> None:
    bands = zip(tagger.model.topics, tagger.model.review.tolist(), strict=True)
    band = {topic.id: tuple(bounds) for topic, bounds in bands}
    for text in (ENERGY, FOOTBALL, LIBRARY, "بازی و برق"):
        for one in tag(text).topics:
            low, high = band[one.id]
            assert one.review == (low <= one.score <= high)
