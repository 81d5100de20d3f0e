"""Keys and tables of the compiled pass, and what it reads in a text."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from service.tagging import kernel, language, text
from service.tagging.kernel import Reading, Words

_CODE_POINTS = 0x110000
_PAGE = 256


def key_of(letters: str) -> int:
    """The 64-bit key of a canonical word or n-gram: its polynomial hash."""
    key = 0
    for letter in letters:
        key = (key * int(kernel.HASH_BASE) + ord(letter)) % 2**64
    return key


def key_table(keys: Iterable[int]) -> NDArray[np.uint64]:
    """An open-addressed table, at most half full, that `kernel.slot_of` searches."""
    distinct = sorted(set(keys))
    table = np.zeros(1 << max(4, (2 * len(distinct)).bit_length()), np.uint64)
    mask = len(table) - 1
    for key in distinct:
        slot = (key * int(kernel.MIX) % 2**64 >> 32) & mask
        while table[slot]:
            slot = (slot + 1) & mask
        table[slot] = key
    return table


def beside(table: NDArray[np.uint64], rows: Mapping[int, int]) -> NDArray[np.int32]:
    """The row of each key of a table, slot by slot; 0 in free slots."""
    return np.array([rows.get(key, 0) for key in table.tolist()], np.int32)


def ngrams(word: str) -> Counter[str]:
    """The character n-grams of a canonical word, with a space at both ends."""
    if word[0] == "0":
        return Counter()
    padded = f" {word[: kernel.LONGEST_SPELLING]} "
    sizes = range(kernel.SHORTEST_NGRAM, kernel.LONGEST_NGRAM + 1)
    return Counter(
        padded[start : start + size]
        for size in sizes
        for start in range(len(padded) - size + 1)
    )


def build_reading(compounds: Iterable[str]) -> Reading:
    """Packs the rules of `text.py` and a list of compounds, as canonical words."""
    entries = np.full(_CODE_POINTS, text.BREAK, np.uint32)
    expansions: list[int] = []
    for code_point, entry in text.alphabet():
        if isinstance(entry, int):
            entries[code_point] = entry
        elif len(entry) == 1:
            entries[code_point] = ord(entry)
        else:
            packed = len(expansions) << 5 | len(entry)
            entries[code_point] = int(kernel.EXPANDS) | packed
            expansions.extend(map(ord, entry))
    pages, page_of = np.unique(entries.reshape(-1, _PAGE), axis=0, return_inverse=True)
    kinds: Counter[int] = Counter()
    for kind, affixes in (
        (kernel.PREFIX, text.PREFIXES),
        (kernel.SUFFIX, text.SUFFIXES),
        (kernel.ENDING, text.ENDINGS),
    ):
        kinds.update({key_of(affix): kind for affix in affixes})
    affix_keys = key_table(kinds)
    return Reading(
        page_of=page_of.reshape(-1).astype(np.uint16),
        pages=pages.reshape(-1),
        expansions=np.array(expansions, np.uint32),
        affix_keys=affix_keys,
        affix_kinds=beside(affix_keys, kinds).astype(np.uint8),
        month=np.array([key_of(text.MONTH)], np.uint64),
        compounds=key_table(map(key_of, compounds)),
        furniture=key_table(
            key_of(text.canonical(marker.replace(" ", ""))) for marker in text.MARKERS
        ),
        frequent=key_table(map(key_of, language.FREQUENT)),
    )


def code_points(article_text: str) -> NDArray[np.uint32]:
    """The text's code points; lone surrogates stay as they are."""
    return np.frombuffer(article_text.encode("utf-32-le", "surrogatepass"), np.uint32)


def passages(title: str, body: str, reading: Reading) -> Iterator[list[str]]:
    """The canonical words of each passage of an article, as the tagger reads it."""
    count, n_passages, words = kernel.read_words(
        code_points(f"{title}\n{body}"), len(title), reading
    )
    found: list[list[str]] = [[] for _ in range(n_passages)]
    for place, passage in enumerate(words.passage[:count].tolist()):
        if passage != kernel.FURNITURE:
            found[passage].append(spelled(words, place))
    yield from found


def spelled(words: Words, place: int) -> str:
    """The canonical letters of one word."""
    letters = words.letters[words.spelled_from[place] : words.spelled_to[place]]
    return "".join(map(chr, letters.tolist()))
