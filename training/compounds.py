"""Compounds that are written as one word, with a non-joiner or apart."""

from collections import Counter
from collections.abc import Iterable

from hazm.utils import words_list

from service.tagging import text

NON_JOINER = "\u200c"
_MIN_TIMES = 3  # a spelling with a non-joiner that the seeds hold more rarely is chance


def compounds(texts: Iterable[str]) -> list[str]:
    """Canonical compounds, affixes aside, in alphabetical order.

    They are those of hazm's word list and those that the texts spell with a non-joiner.
    """
    spelled = Counter(
        word for content in texts for word in content.split() if NON_JOINER in word
    )
    often = (word for word, times in spelled.items() if times >= _MIN_TIMES)
    listed = (entry[0] for entry in words_list())
    found = {_compound(word) for word in (*listed, *often)}
    return sorted(found - {""})


def _compound(word: str) -> str:
    """The canonical form of a word of two or three parts, "" for any other."""
    parts = [text.canonical(part) for part in word.split(NON_JOINER)]
    affixes = {*text.PREFIXES, *text.SUFFIXES, *text.HEH_ENDINGS}
    usable = len(parts) in (2, 3) and all(parts) and not affixes & set(parts)
    return "".join(parts) if usable else ""
