"""The compiled pass does what its plain twin says."""

import itertools
from collections.abc import Mapping
from types import ModuleType

import numpy as np
import pytest
from hypothesis import given, settings

from service.tagging import features, kernel
from service.tagging.kernel import Reading, Records, Weights, Workspace
from service.tagging.model_file import frozen
from tests.tagging import twin
from tests.tagging.persian import COMPOUNDS, texts
from tests.tagging.twin import Folded, Row

CASES = [
    "",
    " ",
    "نفت",
    "تحریم های نفتی، و می شود. نمی‌گفت و گو کرد",
    "ماه می شود می رفت می ۱۲ می\nشود",
    "می\nمی می شود. می رود، نمی آید نفت رفته (ام) گفت و گو\nای راه آهن، های",
    "راه آهن های سه ماهه آموزش و پرورش ها ای",
    "برنامه ای نفت ای رفته ام تر ترین ه ها",
    "3.14 3.a U.S. ا. ایران ۱۲،۰۰۰ 1403/02/12 12.\u064e5 .5 5.",
    "㏠12㏠ ½ ﷲ ﷺ ﻻزم 5.㏠ U.ß",
    "\ud83d\ude00 \U0001f600 \U0010ffff\x00",
    "یک دو سه چهار پنج شش هفت هشت. نه ده. " * 30,
    "کلمه " * 200,
    "می\nرفته ام\nمنبع: نفت\n" * 120 + "در این خبر از نفت گفت و گو می شود\nرفت " * 90,
    "می " + "ر" * 70,
    "خانه | نفت | گاز\n" + "در این خبر از نفت گفت و گو می شود " * 2 + "\nمنبع:\nنفت یک",
    "برچسب ها: نفت، گاز\nیک دو\nنفت گاز. رفت\n" + "یک دو سه چهار پنج شش " * 2,
    "رفت.\n" + "یک دو سه چهار پنج شش هفت هشت | نه ده | یازده دوازده " * 2,
    "خانه | نفت | گاز\nدر این خبر از نفت گفت و گو می شود\nبیشتر بخوانید:\nنفت یک",
    "برچسب ها: نفت، گاز\nیک دو سه چهار پنج شش\nنفت گاز. رفت\nیک دو سه چهار پنج شش",
    "منبع آگاه گفت نفت و گاز\nمنبع: ایران\nموضوعات مرتبط با نفت و گاز ایران است",
    "خانه نفت\nگاز برق",
    "نفت رفت.\nموضوعات مرتبط با نفت و گاز\nرفت.\nمنبع موضوعات نفت و گاز ایران",
    "نفت رفت.\nبه کانال ما در تلگرام بیایید\nرفت.\nبه کانال سوئز رسید نفت و گاز",
    "نفت رفت.\nبیشتر بخوانید:\nنفت گران شد؟\nیک دو سه! چهار\n" + "نفت " * 16 + ".",
    "یک | دو سه چهار پنج شش\nیک › دو سه چهار پنج شش هفت\nیک | دو | سه چهار پنج شش",
    "\ufdfa" * 40 + " نفت " + "\ufdfa12" * 9,
    "خانه نفت\n! یک دو سه چهار پنج شش\n\u064e. نفت گاز\n؟\nیک دو سه چهار پنج",
    "12.\u200f5 ۱۲،\u064e\u200c۰۰۰ 12.\u200f گاز 12.\u200f U.\u200cS. رفت .\u200f",
]
# Numbers that float32 holds exactly, and their sums.
ROWS = [[(i * 37 % 19 - 9) / 8, (i * 53 % 23 - 11) / 4, 1 + i % 3] for i in range(90)]


@pytest.fixture(scope="session")
def folded() -> Folded:
    """Weights for two topics; some words are known by their n-grams alone."""
    words = [
        "نفت",
        "تحریمهای",
        "راهاهن",
        "میشود",
        "0",
        "brics",
        "است",
        "را",
        "کلمه",
        "یک",
        "ده",
    ]
    unknown = ["گفتوگو", "برنامهای", "رفته", "کتاب", "پنج", "ب"]
    ngrams = dict.fromkeys(one for word in unknown for one in twin.ngrams(word))
    rows = iter(itertools.cycle(ROWS))
    return Folded(
        {word: next(rows) for word in words},
        {ngram: next(rows) for ngram in ngrams},
        [-0.5, 0.25],
        [[1.5, 0.75, -0.25, 0.375, 0.5], [-2.0, 0.125, 1.0, -0.625, -0.5]],
    )


@pytest.fixture(scope="session")
def weights(folded: Folded) -> Weights:
    ngrams = table({name: with_shorter(name, folded.ngrams) for name in folded.ngrams})
    return frozen(
        Weights(
            table(folded.words),
            ngrams,
            features.key_filter(ngrams),
            np.array(folded.intercepts),
            np.array(folded.calibration),
        )
    )


def with_shorter(ngram: str, rows: Mapping[str, Row]) -> Row:
    """The sum of an n-gram's row and those of the shorter ones it begins with."""
    lengths = range(kernel.SHORTEST_NGRAM, len(ngram) + 1)
    parts = [rows[ngram[:length]] for length in lengths]
    return [sum(column) for column in zip(*parts, strict=True)]


def table(rows: Mapping[str, Row]) -> Records:
    keys = [features.key_of(name) for name in rows]
    return features.record_table(keys, np.array([*rows.values()]))


Placed = tuple[str, int, int, int]  # letters, start, end, passage


def kernel_words(
    kernel: ModuleType, text: str, title_length: int, reading: Reading
) -> list[Placed]:
    points = features.code_points(text)
    _, words, letters = kernel.read_words(points, title_length, reading)
    places = words[["start", "end", "passage"]].tolist()
    spelled = features.spelled(words, letters)
    return [
        (word, start, end, passage)
        for word, (start, end, passage) in zip(spelled, places, strict=True)
        if passage != kernel.FURNITURE
    ]


def twin_words(text: str, title_length: int) -> list[Placed]:
    words = twin.read_words(text, frozenset(COMPOUNDS))
    return [
        (word.letters, word.start, word.end, number)
        for number, passage in enumerate(twin.cut_passages(words, title_length))
        for word in passage
    ]


def assert_words_agree(
    kernel: ModuleType, title: str, text: str, reading: Reading
) -> None:
    whole = f"{title}\n{text}"
    found = kernel_words(kernel, whole, len(title), reading)
    assert found == twin_words(whole, len(title))


def assert_scores_agree(
    kernel: ModuleType, text: str, tables: tuple[Reading, Weights], folded: Folded
) -> None:
    points = features.code_points(text)
    space = kernel.workspace(len(points) + 3, 2)
    reading, weights = tables
    counts = kernel.fill_article(*reading, *weights, points, 0, *space)
    _, with_letters, frequent, known = counts
    found = twin.read_words(text, frozenset(COMPOUNDS))
    assert (with_letters, frequent) == twin.count_telling(found)
    passages = twin.cut_passages(found, 0)
    assert known == sum(
        word.letters in folded.words for passage in passages for word in passage
    )
    if not passages:
        assert space.scores.tolist() == [0.0, 0.0]
        return
    assert space.scores == pytest.approx(twin.score_article(passages, folded))
    for topic, (first, end) in enumerate(space.best.tolist()):
        words = space.words[first:end]
        best = passages[words["passage"][0]]
        assert (len(words), words["start"][0]) == (len(best), best[0].start)
        values = [twin.score_passage(one, folded)[topic] for one in passages]
        assert twin.score_passage(best, folded)[topic] == pytest.approx(max(values))
        rows = np.zeros((len(words), kernel.width_of(2)))
        kernel.fill_shares(tables[1], words, space.letters, space.rooms, rows)
        shares = rows[:, :2]
        assert shares == pytest.approx(np.array(twin.share_passage(best, folded)))
        assert_evidence(kernel, tables[1], space, topic, shares[:, topic].tolist())


def assert_evidence(
    kernel: ModuleType,
    weights: Weights,
    space: Workspace,
    topic: int,
    shares: list[float],
) -> None:
    """The three heaviest, of equals the earlier, none below half of the heaviest."""
    first = space.best[topic, 0]
    by_share = sorted(range(len(shares)), key=lambda place: -shares[place])
    found = [
        (*space.words[first + place][["start", "end"]].tolist(), shares[place])
        for place in by_share[:3]
        if shares[place] > max(0.0, 0.5 * max(shares))
    ]
    spans, weighed = kernel.find_evidence(weights, space, 3, 0.5)
    told = zip(spans[topic].tolist(), weighed[topic].tolist(), strict=True)
    assert [(*span, weight) for span, weight in told if weight] == found


@pytest.mark.parametrize("n_topics", [1, 5, 6, 13, 14])
def test_adds_whole_records(any_kernel: ModuleType, n_topics: int) -> None:
    rows = np.arange(2.0 * (n_topics + 1)).reshape(2, -1)
    records = features.record_table([7, 8], rows)
    sums = np.zeros(kernel.width_of(n_topics))
    for key in (7, 8):
        slot = kernel.slot_of(records, np.uint64(key))
        any_kernel.add_row(records, np.uint64(slot), sums)
    assert sums[: n_topics + 1].tolist() == rows.sum(axis=0).tolist()
    assert not sums[n_topics + 1 :].any()


@pytest.mark.parametrize("text", CASES)
def test_words_of_cases(any_kernel: ModuleType, text: str, reading: Reading) -> None:
    assert_words_agree(any_kernel, "", text, reading)
    assert_words_agree(any_kernel, text, "متن. خبر", reading)


@pytest.mark.parametrize("text", CASES)
def test_scores_of_cases(
    any_kernel: ModuleType,
    text: str,
    reading: Reading,
    weights: Weights,
    folded: Folded,
) -> None:
    assert_scores_agree(any_kernel, text, (reading, weights), folded)


@given(title=texts, text=texts)
def test_words_of_any_text(title: str, text: str, reading: Reading) -> None:
    assert_words_agree(kernel, title, text, reading)


@given(text=texts)
def test_scores_of_any_text(
    text: str, reading: Reading, weights: Weights, folded: Folded
) -> None:
    assert_scores_agree(kernel, text, (reading, weights), folded)


@settings(max_examples=25)
@given(text=texts)
def test_uncompiled_agrees_on_any_text(
    uncompiled: ModuleType,
    text: str,
    reading: Reading,
    weights: Weights,
    folded: Folded,
) -> None:
    assert_words_agree(uncompiled, "", text, reading)
    assert_scores_agree(uncompiled, text, (reading, weights), folded)
