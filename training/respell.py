"""The same text typed otherwise, to test that tags stay the same."""

import unicodedata
from collections.abc import Callable
from functools import cache, partial

NON_JOINER = "\u200c"
_TATWEEL = "\u0640"
_HARAKAT = "\u064e\u0650\u064f\u0651"  # fatha, kasra, damma, shadda
_EVERY = 3  # letters between two signs that are put in
_DIGITS = "0123456789"
_ARABIC_DIGITS = "٠١٢٣٤٥٦٧٨٩"
_PERSIAN_DIGITS = "۰۱۲۳۴۵۶۷۸۹"
_LAM_ALEFS = ("لا", "لآ", "لأ", "لإ")
# Reached neither way, reaching the next, reached from before, both.
_FORMS = ("<isolated>", "<initial>", "<final>", "<medial>")
_PRESENTATION_FORMS = (range(0xFB50, 0xFDF0), range(0xFE70, 0xFEFD))

Respelling = Callable[[str], str]


def characters_only() -> dict[str, Respelling]:
    """Variants that change characters and leave every word where it is."""
    return {
        "non-joiner deleted": _delete,
        "non-joiner as a not sign": _table({NON_JOINER: "\u00ac"}),
        "Arabic yeh and kaf": _table({"ی": "ي", "ک": "ك"}),
        "Persian digits": _digits(_PERSIAN_DIGITS),
        "Arabic digits": _digits(_ARABIC_DIGITS),
        "Latin digits": _digits(_DIGITS),
        "tatweel": partial(_insert, signs=_TATWEEL),
        "harakat": partial(_insert, signs=_HARAKAT),
        "presentation forms": _shape,
        "decomposed (NFD)": _decompose,
    }


def spaced(text: str) -> str:
    """Spaces in the place of non-joiners, as many keyboards give them."""
    return text.replace(NON_JOINER, " ")


def _delete(text: str) -> str:
    return text.replace(NON_JOINER, "")


def _table(letters: dict[str, str]) -> Respelling:
    table = str.maketrans(letters)
    return lambda text: text.translate(table)


def _digits(wanted: str) -> Respelling:
    forms = (_DIGITS, _ARABIC_DIGITS, _PERSIAN_DIGITS)
    return _table(
        {digit: wanted[place] for form in forms for place, digit in enumerate(form)}
    )


def _decompose(text: str) -> str:
    return unicodedata.normalize("NFD", text)  # noqa: TID251  # how others type


def _insert(text: str, signs: str) -> str:
    """Puts signs, one after another, inside words, after every third letter."""
    parts = []
    letters = 0
    for place, letter in enumerate(text):
        parts.append(letter)
        if _reaches(letter, text[place + 1 : place + 2]):
            letters += 1
            if letters % _EVERY == 0:
                parts.append(signs[letters // _EVERY % len(signs)])
    return "".join(parts)


def _reaches(letters: str, following: str) -> bool:
    """Whether letters are joined to the one that follows."""
    return "<initial>" in _forms().get(letters, {}) and following in _forms()


@cache
def _forms() -> dict[str, dict[str, str]]:
    """The presentation forms of each letter and of lam with alef."""
    forms: dict[str, dict[str, str]] = {}
    for code_point in (one for block in _PRESENTATION_FORMS for one in block):
        form, *parts = unicodedata.decomposition(chr(code_point)).split() or [""]
        letters = "".join(chr(int(part, 16)) for part in parts)
        if form in _FORMS and (len(letters) == 1 or letters in _LAM_ALEFS):
            forms.setdefault(letters, {}).setdefault(form, chr(code_point))
    return forms


def _shape(text: str) -> str:
    """Spells every letter by its place in the word, as text drawn from PDFs does."""
    shaped = []
    joined = False  # whether the letter before reaches out to this one
    place = 0
    while place < len(text):
        size = 1 + (text[place : place + 2] in _LAM_ALEFS)
        letters = text[place : place + size]
        reaches = _reaches(letters, text[place + size : place + size + 1])
        form = _FORMS[2 * joined + reaches]
        shaped.append(_forms().get(letters, {}).get(form, letters))
        joined = reaches
        place += size
    return "".join(shaped)
