"""Words that belong together: compounds, however they are spelled, and names."""

import functools
from collections import Counter
from collections.abc import Iterable

from hazm.utils import words_list

from service.tagging import text
from service.tagging.features import build_reading
from service.tagging.kernel import Reading
from service.tagging.model_file import frozen
from training.seeds import SeedSet

NON_JOINER = "\u200c"
_PARTS = (2, 3)
_AFTER = {*text.SUFFIXES, *text.ENDINGS}
_AFFIXES = {*text.PREFIXES, *_AFTER}
_MIN_TIMES = 3  # a spelling with a non-joiner that the seeds hold more rarely is chance


def reading_of(seed_set: SeedSet) -> Reading:
    """How a tagger that is trained on these seeds reads characters and words."""
    texts = (f"{seed.title} {seed.text}" for seed in seed_set.seeds)
    found = compounds(texts, seed_set.joined, seed_set.names)
    return frozen(build_reading(found))


def compounds(
    texts: Iterable[str], joined: Iterable[str] = (), names: Iterable[str] = ()
) -> list[str]:
    """Canonical compounds, affixes aside, in alphabetical order.

    Args:
        texts: Whatever they often spell with a non-joiner is a compound.
        joined: Other words that are spelled so; hazm's word list comes in addition.
        names: Of two or three words, which say nothing of what the words alone do.
    """
    spelled = Counter(
        word for content in texts for word in content.split() if NON_JOINER in word
    )
    often = (word for word, times in spelled.items() if times >= _MIN_TIMES)
    found = {_compound(word) for word in (*often, *joined)} | _listed()
    found |= {"".join(map(text.canonical, name.split())) for name in names}
    return sorted(found - {""})


@functools.cache  # hazm reads its list anew every time
def _listed() -> frozenset[str]:
    """The compounds of hazm's word list, and ""."""
    return frozenset(_compound(entry[0]) for entry in words_list())


def _compound(word: str) -> str:
    """The canonical form of a word of two or three parts, "" for any other.

    Affixes at its ends are glued by rule and are no parts.
    """
    if NON_JOINER not in word:
        return ""
    parts = [text.canonical(part) for part in word.split(NON_JOINER)]
    while parts and parts[-1] in _AFTER:
        parts.pop()
    while parts and parts[0] in text.PREFIXES:
        parts.pop(0)
    usable = len(parts) in _PARTS and all(parts) and not _AFFIXES & set(parts)
    return "".join(parts) if usable else ""
