"""The same text as other keyboards, programs and normal forms write it.

None of these adds or takes a word; the scores must not change by a bit.
"""

import unicodedata
from collections.abc import Callable

from hypothesis import strategies as st

from tests.tagging.persian import JOINER, decomposed

_TATWEEL = "\u0640"
_HARAKAT = "\u064e\u0650\u064f\u0651\u064b\u0654\u0670"
_PERSIAN_LETTERS = frozenset("ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی")


def _replaced(old: str, new: str) -> Callable[[str], str]:
    table = str.maketrans(old, new)
    return lambda text: text.translate(table)


def _shapes() -> dict[str, str]:
    """The last presentation form of every letter and of every pair that has one."""
    shapes: dict[str, str] = {}
    for code_point in (*range(0xFB50, 0xFDC8), *range(0xFE80, 0xFEFD)):
        shape = chr(code_point)
        parts = unicodedata.decomposition(shape).split()[1:]
        letters = "".join(chr(int(part, 16)) for part in parts)
        if letters:
            shapes[letters] = shape
    return shapes


_SHAPES = _shapes()


def shaped(text: str) -> str:
    """Presentation forms, ligatures where there are some."""
    for length in (2, 1):
        for letters, shape in _SHAPES.items():
            if len(letters) == length:
                text = text.replace(letters, shape)
    return text


VARIANTS: dict[str, Callable[[str], str]] = {
    "Arabic letters": _replaced("یک", "يك"),
    "alef maksura": _replaced("ی", "ى"),
    "Persian digits": _replaced("0123456789", "۰۱۲۳۴۵۶۷۸۹"),
    "Arabic digits": _replaced("0123456789", "٠١٢٣٤٥٦٧٨٩"),
    "other digits": _replaced("0123456789", "1234567890"),
    "Arabic signs": _replaced(".,", "۔،"),
    "joiner deleted": lambda text: text.replace(JOINER, ""),
    "joiner doubled": lambda text: text.replace(JOINER, JOINER * 2),
    "decomposed": decomposed,
    "hamza taken off": _replaced("آأإؤئ", "اااوی"),
    "presentation forms": shaped,
    "no-break spaces": _replaced(" ", "\u00a0"),
    "spaces doubled": lambda text: text.replace(" ", "  "),
    "upper case": str.upper,
}


@st.composite
def marked(draw: st.DrawFn, text: str) -> str:
    """The text with tatweel and vowel signs after some of its letters."""
    signs = draw(
        st.lists(
            st.sampled_from(("", "", _TATWEEL, _TATWEEL * 3, *_HARAKAT, "\u200f")),
            min_size=1,
            max_size=12,
        )
    )
    return "".join(
        letter + signs[place % len(signs)] if letter in _PERSIAN_LETTERS else letter
        for place, letter in enumerate(text)
    )
