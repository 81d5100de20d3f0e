"""What each family of characters stands for."""

import sys

import pytest
from hypothesis import given

from service.tagging import text
from service.tagging.text import BAR, BREAK, COMMA, LINE, NOTHING, POINT, SPACE, STOP
from tests.tagging.conftest import Sentences
from tests.tagging.persian import composed, decomposed, texts


@pytest.mark.parametrize(
    ("characters", "letters"),
    [
        ("يىئیېےۍېۓﯽﯼﻱﻳ", "ی"),
        ("كکڪﻙﻛﮎﮐ", "ک"),
        ("ةهہھەۀۂۃﻩﻪﮤﮦ", "ه"),
        ("اأإآٱﺍﺎﺁﺃﺇ", "ا"),
        ("وؤﻭﻮﺅ", "و"),
        ("0٠۰０𝟎⓪⁰", "0"),
        ("7٧۷７𝟕⑦⁷", "7"),
        ("aAａＡªáÀⒶ𝐀", "a"),
        ("ﻻﻼﻷﻵﻹ", "لا"),
    ],
)
def test_one_spelling(characters: str, letters: str) -> None:
    spelled = {one: text.spelling(one) for one in characters}
    assert set(spelled.values()) == {letters}, spelled


@pytest.mark.parametrize(
    ("character", "letters"),
    [("ﷲ", "الله"), ("ﷴ", "محمد"), ("ß", "ss"), ("Ⅳ", "iv"), ("㎞", "km")],
)
def test_spelled_out(character: str, letters: str) -> None:
    assert text.spelling(character) == letters


@pytest.mark.parametrize(
    "character",
    [
        *("\u200c", "\u200d", "\u0640", "\u00ad", "\ufeff", "\u0621", "\u0654"),
        *("\u064b", "\u064c", "\u064d", "\u064e", "\u064f", "\u0650", "\u0651"),
        *("\u0652", "\u0653", "\u0670", "\u200e", "\u200f", "\u061c", "\u202a"),
        *("\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2069"),
        *("\ufe0f", "\u0301", "\u00ac", "\x9d", "\x9e"),
    ],
)
def test_vanishes(character: str) -> None:
    assert text.spelling(character) == NOTHING


@pytest.mark.parametrize(
    ("characters", "kind"),
    [
        (" \t\u00a0\u2003\u202f\u3000", SPACE),
        ("\n\v\f\r\x1c\x85\u2028\u2029", LINE),
        ("!?؟…。", STOP),
        ("|؛;\u037e•›‹#🙂♥■", BAR),
        (".۔", POINT),
        (",،٫٬", COMMA),
        ("()[]«»\"'-–—/:%٪+=_*@&°©\x00", BREAK),
        ("\ud800\udfff\u0378\ue000\U0010ffff", BREAK),
    ],
)
def test_parts_words(characters: str, kind: int) -> None:
    found = {one: text.spelling(one) for one in characters}
    assert set(found.values()) == {kind}, found


@pytest.fixture(scope="module")
def entries() -> set[str | int]:
    return {entry for _, entry in text.alphabet()}


def test_every_entry_is_a_kind_or_letters(entries: set[str | int]) -> None:
    for entry in entries:
        if isinstance(entry, str):
            assert 0 < len(entry) < 32
            assert all(ord(letter) >= text.FIRST_LETTER for letter in entry)
        else:
            assert entry in (SPACE, NOTHING, LINE, BAR, STOP, POINT, COMMA)


def test_canonical_letters_are_their_own_spelling(entries: set[str | int]) -> None:
    for letters in entries:
        if isinstance(letters, str):
            assert text.canonical(letters) == letters


def test_every_character_agrees_with_its_other_forms(sentences_of: Sentences) -> None:
    for code_point in range(sys.maxunicode + 1):
        one = chr(code_point)
        forms = {composed(one), decomposed(one)} - {one}
        for form in forms:
            written = f"ب. {one}ج {one}. {one} 3{one}5"
            other = written.replace(one, form)
            assert sentences_of(written) == sentences_of(other), one


@given(texts)
def test_composed_and_decomposed_agree(sentences_of: Sentences, content: str) -> None:
    expected = sentences_of(content)
    assert sentences_of(composed(content)) == expected
    assert sentences_of(decomposed(content)) == expected


@given(texts)
def test_canonical_is_stable(content: str) -> None:
    letters = text.canonical(content)
    assert text.canonical(letters) == letters


def test_fingerprint_stands_for_the_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    before = text.fingerprint()
    assert text.fingerprint() == before
    changed = [
        ("_LETTERS", text._LETTERS | {"ژ": "ز"}),
        ("_STOPS", "!"),
        ("SUFFIXES", (*text.SUFFIXES, "گر")),
        ("PREFIXES", ("می",)),
        ("MONTH", "مه"),
        ("MARKERS", text.MARKERS[:-1]),
    ]
    for name, rule in changed:
        with monkeypatch.context() as patch:
            patch.setattr(text, name, rule)
            assert text.fingerprint() != before, name
    assert text.fingerprint() == before
