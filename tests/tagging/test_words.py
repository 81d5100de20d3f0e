"""However a word was typed, it is the same word, and it keeps its place."""

import pytest
from hypothesis import given

from service.tagging import features, kernel, text
from service.tagging.kernel import Reading
from service.tagging.model_file import Model
from tests.tagging.conftest import Sentences, Spell
from tests.tagging.persian import texts


@pytest.mark.parametrize(
    ("spellings", "words"),
    [
        (["تحریم\u200cهای", "تحریمهای", "تحریم های", "تحريم‌هاي"], ["تحریمهای"]),
        (["راه\u200cآهن", "راهآهن", "راه آهن", "راه\u00a0آهن"], ["راهاهن"]),
        (["راه\u200cآهن\u200cها", "راه آهن ها", "راهاهنها"], ["راهاهنها"]),
        (["گفت\u200cوگو", "گفت\u200cو\u200cگو", "گفت و گو", "گفتوگو"], ["گفتوگو"]),
        (["می\u200cشود", "می شود", "میشود", "مي‌شود"], ["میشود"]),
        (["نمی\u200cشود", "نمی شود", "نمیشود"], ["نمیشود"]),
        (["رفته\u200cام", "رفته ام", "رفتهام"], ["رفتهام"]),
        (["برنامه\u200cای", "برنامه ای", "برنامه\u200cاي"], ["برنامهای"]),
        (["زندگی\u200cاش", "زندگی اش", "زندگیاش"], ["زندگیاش"]),
        (["خانه\u200cی", "خانه ی", "خانهی"], ["خانهی"]),
        (["بزرگ\u200cترین", "بزرگ ترین", "بزرگترین"], ["بزرگترین"]),
        (["آموزش\u200cوپرورش", "آموزش و پرورش"], ["اموزشوپرورش"]),
        (["سه\u200cماهه", "سه ماهه", "سهماهه"], ["سهماهه"]),
        (["مسئول", "مسوول".replace("وو", "ئو"), "مسي\u0654ول"], ["مسیول"]),
        (["قرآن", "قران", "قرا\u0653ن"], ["قران"]),
        (["شورای", "شوراي", "شـــورای", "شُورایِ", "\u200fشورای\u200e"], ["شورای"]),
        (["لازم", "ﻻزم", "ﻻﺯﻡ", "ل\u0640ازم"], ["لازم"]),
        (["کتاب", "كتاب", "ﻛﺘﺎﺏ", "کِتابٌ", "ک\u00adتاب"], ["کتاب"]),
        (["Brics", "BRICS", "ＢＲＩＣＳ", "Bric\u0301s"], ["brics"]),
    ],
)
def test_same_words(spellings: list[str], words: list[str], words_of: Spell) -> None:
    assert {one: words_of(one) for one in spellings} == dict.fromkeys(spellings, words)
    # Nor does it matter what stands around it.
    for one in spellings:
        assert words_of(f"نفت {one} گاز") == ["نفت", *words, "گاز"]


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("ماه می گذشته", ["ماه", "می", "گذشته"]),
        ("در ماه می\u200cشود", ["در", "ماه", "میشود"]),
        ("شهر می شود", ["شهر", "میشود"]),
        ("رفت. می شود\nمی رود، می آید", ["رفت", "میشود", "میرود", "میاید"]),
        ("راه آهن. ای ایران", ["راهاهن", "ای", "ایران"]),
        ("می، شود", ["می", "شود"]),
        ("می\nشود", ["می", "شود"]),
        ("می ۱۲", ["می", "00"]),
        ("می می شود", ["میمی", "شود"]),
        ("نفت ای ایران", ["نفت", "ای", "ایران"]),
        ("و ها", ["و", "ها"]),
        ("۱۲ ها", ["00", "ها"]),
        ("تحریم (های)", ["تحریم", "های"]),
        ("راه، آهن", ["راه", "اهن"]),
        ("آموزش و پرورش ها", ["اموزشوپرورشها"]),
        ("", []),
        ("\u200c\u0640\u064e\u200f ... ، \U0001f600", []),
    ],
)
def test_glue(written: str, words: list[str], words_of: Spell) -> None:
    assert words_of(written) == words


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ("3.14", ["000"]),
        ("۳٫۱۴", ["000"]),
        ("۱۲،۰۰۰", ["00000"]),
        ("12,000", ["00000"]),
        ("١٢٬٠٠٠", ["00000"]),
        ("12.\u200f5", ["000"]),
        ("۱۲،\u064e\u200c۰۰۰", ["00000"]),
        ("12.\u200f تن", ["00", "تن"]),
        ("1403/02/12", ["0000", "00", "00"]),
        ("۱۴۰۳/۰۲/۱۲", ["0000", "00", "00"]),
        ("۴۰٪", ["00"]),
        ("12تن", ["00", "تن"]),
        ("کووید19", ["کووید", "00"]),
    ],
)
def test_numbers(written: str, words: list[str], words_of: Spell) -> None:
    assert words_of(written) == words


@pytest.mark.parametrize(
    ("written", "sentences"),
    [
        ("رشد 3.14 بود.", [["رشد", "000", "بود"]]),
        ("در U.S. بود. رفت", [["در", "u", "s", "بود"], ["رفت"]]),
        ("در BP.\u200fCO بود. رفت", [["در", "bp", "co", "بود"], ["رفت"]]),
        ("بود 12.\u200f5 رفت. \u200f5", [["بود", "000", "رفت"], ["0"]]),
        ("ا.ایران و ج. ا. ایران", [["ا", "ایران", "و", "ج", "ا", "ایران"]]),
        ("رفت. آمد", [["رفت"], ["امد"]]),
        ("رفت.آمد", [["رفت"], ["امد"]]),
        ("سال ۱۴۰۳. بعد", [["سال", "0000"], ["بعد"]]),
        ("چه؟ نه! آری؛ شاید… پس", [["چه"], ["نه"], ["اری"], ["شاید"], ["پس"]]),
        ("انرژی | تجارت", [["انرژی"], ["تجارت"]]),
        ("نفت\U0001f600گاز", [["نفت"], ["گاز"]]),
        ("نفت ❤\ufe0f گاز", [["نفت"], ["گاز"]]),
        ("نفت\r\n\r\nگاز", [["نفت"], ["گاز"]]),
        ("یک، دو: سه - چهار", [["یک", "دو", "سه", "چهار"]]),
    ],
)
def test_sentences(
    written: str, sentences: list[list[str]], sentences_of: Sentences
) -> None:
    assert sentences_of(written) == sentences


@pytest.mark.parametrize(
    "spellings", [["راه آهن", "راه\u200cآهن"], ["پیش بینی", "پیش\u200cبینی"]]
)
def test_trained_compounds(spellings: list[str], model: Model) -> None:
    found = {
        tuple(map(tuple, features.passages("", one, model.reading)))
        for one in spellings
    }
    assert len(found) == 1


def places(written: str, reading: Reading) -> list[tuple[int, int]]:
    _, words, _ = kernel.read_words(features.code_points(written), 0, reading)
    return [*map(tuple, words[["start", "end"]].tolist())]


@pytest.mark.parametrize(
    ("written", "slices"),
    [
        ("تحریم های نفتی", ["تحریم های", "نفتی"]),
        ("\U0001f600 ت\u064eحریم\u200cهای", ["ت\u064eحریم\u200cهای"]),
        ("گفت و گو، ﻻزم", ["گفت و گو", "ﻻزم"]),
        ("۱۲،۰۰۰تن", ["۱۲،۰۰۰", "تن"]),
        ("\ufeff«کتــاب»", ["کتــاب"]),
    ],
)
def test_places(written: str, slices: list[str], reading: Reading) -> None:
    found = places(written, reading)
    assert [written[start:end] for start, end in found] == slices


@given(written=texts)
def test_places_hold_the_word(written: str, reading: Reading, words_of: Spell) -> None:
    found = places(written, reading)
    bounds = [place for pair in found for place in pair]
    assert bounds == sorted(bounds)
    for (start, end), word in zip(found, words_of(written), strict=True):
        assert 0 <= start < end <= len(written)
        letters = text.canonical(written[start:end])
        assert "".join("0" if one.isdigit() else one for one in letters) == word
