"""Keys and tables of the compiled pass, and what it reads in a text."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from service.tagging import kernel, language, text
from service.tagging.kernel import Filter, Letters, Reading, Records, Slots, Words

_CODE_POINTS = 0x110000
_PAGE = 256


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
        slot = (key * int(kernel.MIX) % 2**64 >> 32) & mask
        while table[slot, kernel.KEY]:
            slot = (slot + 1) & mask
        table[slot] = key, values[key]
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
        slot = (key * int(kernel.MIX) % 2**64 >> 32) & (size - 1)
        while not free[slot]:
            slot = (slot + 1) & (size - 1)
        free[slot] = 0
        slots[place] = slot
    table = np.zeros((size, kernel.columns_of(rows.shape[1] - 1)), np.uint64)
    table[slots, kernel.KEY] = keys
    table.view(np.float64)[slots, 1 : rows.shape[1] + 1] = rows
    return table


def key_filter(table: Slots | Records) -> Filter:
    """The filter before a table, eight bits for each slot.

    One in ten keys that the table does not hold passes, or fewer.
    """
    bits = np.zeros(len(table), np.uint8)
    keys = table[table[:, kernel.KEY] != 0, kernel.KEY]
    places = (keys * kernel.MIX >> np.uint64(32)) & np.uint64(8 * len(bits) - 1)
    np.bitwise_or.at(bits, places >> 3, (1 << (places & 7)).astype(np.uint8))
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
    lexicon = key_table(_lexicon(compounds))
    return Reading(
        page_of=page_of.reshape(-1).astype(np.uint16),
        pages=pages.reshape(-1),
        expansions=np.array(expansions, np.uint32),
        lexicon=lexicon,
        lexicon_filter=key_filter(lexicon),
    )


def _lexicon(compounds: Iterable[str]) -> dict[int, int]:
    """What the rules say of words, bit by bit, by key."""
    markers = (text.canonical(marker.replace(" ", "")) for marker in text.MARKERS)
    lexicon: dict[int, int] = {}
    for kind, words in (
        (kernel.PREFIX, text.PREFIXES),
        (kernel.SUFFIX, text.SUFFIXES),
        (kernel.ENDING, text.ENDINGS),
        (kernel.MONTH, [text.MONTH]),
        (kernel.COMPOUND, compounds),
        (kernel.MARKER, markers),
        (kernel.FREQUENT, language.FREQUENT),
    ):
        for key in map(key_of, words):
            lexicon[key] = lexicon.get(key, 0) | kind
    return lexicon


def code_points(article_text: str) -> NDArray[np.uint32]:
    """The text's code points; lone surrogates stay as they are."""
    return np.frombuffer(article_text.encode("utf-32-le", "surrogatepass"), np.uint32)


def passages(title: str, body: str, reading: Reading) -> Iterator[list[str]]:
    """The canonical words of each passage of an article, as the tagger reads it."""
    n_passages, words, letters = kernel.read_words(
        code_points(f"{title}\n{body}"), len(title), reading
    )
    found: list[list[str]] = [[] for _ in range(n_passages)]
    spellings = spelled(words, letters)
    for passage, word in zip(words["passage"].tolist(), spellings, strict=True):
        if passage != kernel.FURNITURE:
            found[passage].append(word)
    yield from found


def spelled(words: Words, letters: Letters) -> list[str]:
    """The canonical letters of each word."""
    used = letters[: words["spelled_to"].max(initial=0)]
    together = used.tobytes().decode("utf-32-le", "surrogatepass")
    places = zip(
        words["spelled_from"].tolist(), words["spelled_to"].tolist(), strict=True
    )
    return [together[start:end] for start, end in places]
