"""Keys and tables of the compiled pass, and what it reads in a text."""

import functools
import sys
from array import array
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service.tagging import kernel, language, text
from service.tagging.kernel import (
    Filter,
    Kinds,
    Letters,
    Reading,
    Records,
    Slots,
    Words,
)

_SLOTS_OF_WORD = 8  # slots of a table for each word of its filter
_CODE_POINTS = "w" if sys.version_info >= (3, 13) else "u"  # of an array
_MOST_KINDS = 1 << 20  # places of a table of kinds, which grows until no two share one


def key_of(letters: str) -> int:
    """The 64-bit key of a canonical word or n-gram: its polynomial hash."""
    key = 0
    for letter in letters:
        key = (key * int(kernel.HASH_BASE) + ord(letter)) % 2**64
    return key


def key_table(values: Mapping[int, int]) -> Slots:
    """An open-addressed table, at most half full, that `kernel.slot_of` searches."""
    table = np.zeros((1 << max(4, (2 * len(values)).bit_length()), 2), np.uint64)
    mask = len(table) - 1
    for key in sorted(values):
        slot = _mixed(key) >> 32 & mask
        while table[slot, kernel.KEY]:
            slot = (slot + 1) & mask
        table[slot] = key, values[key]
    return table


def kind_table(kinds: Mapping[int, int]) -> Kinds:
    """The table that `kernel.kinds_of` looks into: each key in a place of its own.

    Raises:
        ValueError: Two keys would share a place of any table that is not far too large.
    """
    mixed = {_mixed(key): kind for key, kind in kinds.items()}
    size = 16
    while len({key >> 32 & (size - 1) for key in mixed}) < len(mixed):
        size *= 2
        if size > _MOST_KINDS:
            raise ValueError("two words that rules name have nearly the same key")
    table = np.zeros(size, np.uint64)
    for key, kind in mixed.items():
        table[key >> 32 & (size - 1)] = key & ~int(kernel.ALL_KINDS) | kind
    return table


def record_table(keys: Sequence[int], rows: NDArray[np.float64]) -> Records:
    """An open-addressed table, at most two thirds full, of keys and their rows.

    Args:
        keys: The ones that are looked up most first: they are found at once.
        rows: Shape (keys, topics + 1): weights and the squared norm.
    """
    if len(set(keys)) < len(keys):
        raise ValueError("two words or n-grams have the same key")
    size = 1 << max(4, (3 * len(keys) // 2).bit_length())
    slots = np.zeros(len(keys), np.intp)
    free = bytearray(b"\1" * size)
    for place, key in enumerate(keys):
        slot = _mixed(key) >> 32 & (size - 1)
        while not free[slot]:
            slot = (slot + 1) & (size - 1)
        free[slot] = 0
        slots[place] = slot
    table = np.zeros((size, kernel.columns_of(rows.shape[1] - 1)), np.uint64)
    table[slots, kernel.KEY] = keys
    weights_of(table, rows.shape[1])[slots] = rows
    return table


def _mixed(key: int) -> int:
    """What decides where a key stands in a table."""
    return key * int(kernel.MIX) % 2**64


def weights_of(records: Records, count: int) -> NDArray[np.float32]:
    """The first numbers of each record, in place: weights and the squared norm."""
    first = int(kernel.FIRST_WEIGHT)
    return records.view(np.float32)[:, first : first + count]


def key_filter(table: Slots | Records) -> Filter:
    """The filter before a table, eight bits for each slot.

    One in thirty keys that the table does not hold passes, or fewer.
    """
    bits = np.zeros(len(table) // _SLOTS_OF_WORD, np.uint64)
    mixed = table[table[:, kernel.KEY] != 0, kernel.KEY] * kernel.MIX
    words = (mixed >> np.uint64(32)) & np.uint64(len(bits) - 1)
    both = np.fromiter(map(kernel.bits_of, mixed), np.uint64, len(mixed))
    np.bitwise_or.at(bits, words, both)
    return bits


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
    characters, expansions = _character_table()
    together = key_table(_together(compounds))
    return Reading(
        characters=characters,
        expansions=expansions,
        kinds=kind_table(_kinds()),
        together=together,
        together_filter=key_filter(together),
    )


@functools.cache  # it takes a second, and does not depend on the compounds
def _character_table() -> tuple[NDArray[np.uint32], NDArray[np.uint32]]:
    """The first two tables of `Reading`."""
    characters = np.full(sys.maxunicode + 1, text.BREAK, np.uint32)
    expansions: list[int] = []
    for code_point, entry in text.alphabet():
        if isinstance(entry, int):
            characters[code_point] = entry
        elif len(entry) == 1:
            characters[code_point] = ord(entry)
        else:
            packed = len(expansions) << 5 | len(entry)
            characters[code_point] = int(kernel.EXPANDS) | packed
            expansions.extend(map(ord, entry))
    return characters, np.array(expansions, np.uint32)


def _kinds() -> dict[int, int]:
    """What the rules say of words, bit by bit, by key."""
    return _bits(
        (kernel.PREFIX, text.PREFIXES),
        (kernel.SUFFIX, text.SUFFIXES),
        (kernel.ENDING, text.ENDINGS),
        (kernel.MONTH, [text.MONTH]),
        (kernel.FREQUENT, language.FREQUENT),
    )


def _together(compounds: Iterable[str]) -> dict[int, int]:
    """What several words are that are written together, bit by bit, by key."""
    markers = (text.canonical(marker.replace(" ", "")) for marker in text.MARKERS)
    return _bits((kernel.COMPOUND, compounds), (kernel.MARKER, markers))


def _bits(*words_of: tuple[int, Iterable[str]]) -> dict[int, int]:
    found: Counter[int] = Counter()
    for bit, words in words_of:
        for key in map(key_of, words):
            found[key] |= bit
    return found


def code_points(article_text: str) -> NDArray[np.uint32]:
    """The code points of a text, not an empty one; lone surrogates stay as they are."""
    # Of the ways to UTF-32 it runs the least code, which under load is seldom at hand.
    return np.frombuffer(array(_CODE_POINTS, article_text), np.uint32)


def passages(title: str, body: str, reading: Reading) -> list[list[str]]:
    """The canonical words of each passage of an article, as the tagger reads it."""
    n_passages, words, letters = kernel.read_words(
        code_points(f"{title}\n{body}"), len(title), reading
    )
    found: list[list[str]] = [[] for _ in range(n_passages)]
    spellings = spelled(words, letters)
    for passage, word in zip(words["passage"].tolist(), spellings, strict=True):
        if passage != kernel.FURNITURE:
            found[passage].append(word)
    return found


def spelled(words: Words, letters: Letters) -> list[str]:
    """The canonical letters of each word."""
    used = letters[: words["spelled_to"].max(initial=0)]
    together = used.tobytes().decode("utf-32-le", "surrogatepass")
    places = zip(
        words["spelled_from"].tolist(), words["spelled_to"].tolist(), strict=True
    )
    return [together[start:end] for start, end in places]
