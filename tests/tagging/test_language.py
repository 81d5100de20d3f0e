import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tagging import features, text
from service.tagging.kernel import Reading
from service.tagging.language import FAST_SHARE, FAST_WORDS, FREQUENT, identify
from service.tagging.model_file import frozen

CODES = {"fa", "ar", "ur", "ckb", "ps", "az", "tr", "ku", "en", "ru", "und"}
FEWEST_WORDS = 6  # from here on a sample's language must be told exactly


def samples() -> Iterator[tuple[str, str]]:
    """Texts written for this test, with their languages."""
    for path in sorted((Path(__file__).parent / "languages").glob("*.txt")):
        code = path.stem.removesuffix("-Arab")
        for sample in path.read_text(encoding="utf-8").split("\n---\n"):
            yield code, sample


SAMPLES = list(samples())
PERSIAN = [sample for code, sample in SAMPLES if code == "fa"]
LONG = [(code, one) for code, one in SAMPLES if len(one.split()) >= FEWEST_WORDS]
SHORT = [(code, one) for code, one in SAMPLES if len(one.split()) < FEWEST_WORDS]


@pytest.fixture(scope="module")
def reading() -> Reading:
    return frozen(features.build_reading([]))


def frequent_words(sample: str, reading: Reading) -> tuple[int, int]:
    words = list(itertools.chain(*features.passages("", sample, reading)))
    return sum(word in FREQUENT for word in words), len(words)


@pytest.mark.parametrize("persian", PERSIAN)
def test_persian_of_every_kind_is_persian(persian: str) -> None:
    assert identify(persian) == "fa"


@pytest.mark.parametrize(("code", "sample"), LONG)
def test_a_sentence_is_enough_for_the_language(code: str, sample: str) -> None:
    assert identify(sample) == code


def test_most_headlines_are_told_apart() -> None:
    # Too short to be sure: «پر ایران نوي بندیزونه» has no letter of Pashto's own.
    wrong = [(code, one) for code, one in SHORT if identify(one) != code]
    assert len(wrong) <= 0.1 * len(SHORT), wrong


@pytest.mark.parametrize("persian", PERSIAN)
@pytest.mark.parametrize(
    ("typed", "otherwise"),
    [("\u200c", ""), ("\u200c", " "), ("ی", "ي"), ("ک", "ك"), ("ی", "ى")],
)
def test_keyboards_do_not_change_persian(
    persian: str, typed: str, otherwise: str
) -> None:
    assert identify(persian.replace(typed, otherwise)) == "fa"


@pytest.mark.parametrize("bare", ["", " \n", "۱۲۳۴۵ - 2024", "٪ ... !", "\u200c", "📈"])
def test_no_letter_no_language(bare: str) -> None:
    assert identify(bare) is None


def test_the_script_of_most_letters_decides() -> None:
    persian, english = "وزیر نفت به وین رفت", "the minister of oil has gone to Vienna"
    assert identify(f"{persian} {english}") == "en"
    assert identify(f"{persian} {persian} {persian} {english}") == "fa"


def test_equal_shares_are_persian() -> None:
    assert identify("and نفت") == "fa"


def test_names_in_latin_letters_are_not_a_language() -> None:
    assert identify("گوشی Samsung Galaxy S24 Ultra آمد") == "fa"


@pytest.mark.parametrize("sample", [sample for _, sample in LONG])
def test_signs_around_words_change_nothing(sample: str) -> None:
    words = sample.split()[:FEWEST_WORDS]
    assert len(words) == FEWEST_WORDS
    bare = identify(" ".join(words))
    assert bare == identify(" ".join(f"«{word}»" for word in words))
    assert bare == identify("...".join(words))
    assert bare == identify("_".join(words))


def test_addresses_do_not_count() -> None:
    address = "https://example.org/the/news/of/the/oil/market"
    assert identify(f"نفت گران شد {address} @reporters #oil") == "fa"
    assert identify(address) == "und"


def test_digits_before_the_text_do_not_hide_it() -> None:
    assert identify("1402 " * 1_000 + "صادرات نفت") == "fa"


def test_only_a_window_is_read() -> None:
    assert identify("نفت گران شد. " * 200 + "the oil of the sea " * 5_000) == "fa"


@given(st.text())
def test_every_text_has_an_answer(anything: str) -> None:
    has_letter = re.search(r"[^\W\d_]", anything) is not None
    assert (identify(anything) in CODES) if has_letter else identify(anything) is None


@pytest.mark.parametrize("word", FREQUENT)
def test_frequent_words_are_read_as_they_are_listed(
    word: str, reading: Reading
) -> None:
    assert text.canonical(word) == word
    assert features.passages("", word, reading) == [[word]]


@pytest.mark.parametrize(("code", "sample"), SAMPLES)
def test_no_other_language_takes_the_fast_path(
    code: str, sample: str, reading: Reading
) -> None:
    frequent, count = frequent_words(sample, reading)
    if code != "fa":
        assert frequent <= FAST_SHARE / 2 * count


def test_a_persian_sentence_takes_the_fast_path(reading: Reading) -> None:
    frequent, count = frequent_words(
        "وزیر نفت گفت که تولید گاز از این میدان برای زمستان افزایش خواهد یافت.", reading
    )
    assert frequent >= FAST_WORDS
    assert frequent >= FAST_SHARE * count
