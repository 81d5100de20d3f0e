"""Words to build texts of, and strategies that build them."""

import unicodedata

from hypothesis import strategies as st

from service.tagging.text import ENDINGS, MONTH, PREFIXES, SUFFIXES

JOINER = "\u200c"

COMPOUNDS = ("راهاهن", "گفتوگو", "پیشبینی", "اموزشوپرورش", "سهماهه", "بهطور")
_PARTS = (
    *("راه", "آهن", "گفت", "گو", "پیش", "بینی", "آموزش", "پرورش", "سه", "ماهه"),
    *("به", "طور", "و"),
)
_MARKERS = (
    *("منبع", "بیشتر بخوانید", "برچسب ها", "کد خبر", "موضوعات", "موضوعات مرتبط"),
    *("مرتبط", "به کانال", "به کانال ما"),
)
_WORDS = (
    *("نفت", "گاز", "تحریم", "برنامه", "رفته", "شود", "شورا", "بازی", "ب", "ه"),
    *("كتاب", "علي", "مسئول", "قرآن", "ﻻزم", "u", "s", "brics", "Ünïcode", "ﷲ"),
    *("3", "۱۲", "٤٥", "㏠", "½", "ß", "ա", "中文", "क़", "가"),
)
_SEPARATORS = (
    *(" ", " ", " ", " ", JOINER, "", "  ", "\t", "\u00a0", "\n", "\n", "\r\n"),
    *(".", ". ", "،", "، ", ",", "؟ ", "؛", "!", "|", " - ", "/", "«", "» ", "\u06d4"),
    *("\u0640", "\u064e", "\u0301", "\u200f", "\U0001f600", "\ud83d", "\x00", ":"),
)
_PIECES = st.sampled_from(
    (
        *PREFIXES,
        *SUFFIXES,
        *ENDINGS,
        MONTH,
        *_PARTS,
        *_MARKERS,
        *_WORDS,
        *_SEPARATORS,
    )
)
_ANY_CHARACTER = st.characters(exclude_categories=())

# Affixes, compounds and points are frequent; nothing is impossible.
texts = st.lists(
    st.one_of(
        st.tuples(_PIECES, st.sampled_from(_SEPARATORS)).map("".join),
        _PIECES,
        _ANY_CHARACTER,
    ),
    max_size=90,
).map("".join)

# What a keyboard for Persian may produce.
plain_texts = st.lists(
    st.tuples(
        st.sampled_from((*PREFIXES, *SUFFIXES, *ENDINGS, *_PARTS, *_WORDS[:12])),
        st.sampled_from((" ", " ", " ", JOINER, ". ", "، ", "؟ ", "\n", " 12.5 ")),
    ).map("".join),
    min_size=1,
    max_size=40,
).map("".join)


def decomposed(text: str) -> str:
    """The text in the form NFD."""
    return unicodedata.normalize("NFD", text)  # noqa: TID251  # the tests' own variant


def composed(text: str) -> str:
    """The text in the form NFC."""
    return unicodedata.normalize("NFC", text)  # noqa: TID251
