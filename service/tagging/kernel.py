"""The compiled pass: code points to words, words to passages, passages to scores.

    code points ──read_tokens──▶ tokens ──join_tokens──▶ words ──mark_furniture──▶
    words of sentences ──cut_passages──▶ passages ──score_passage──▶ decision values
    ──score_article──▶ a score for each topic

Every step walks its input once and writes in place to the one array of `WORD` records
that `read_words` makes, a place for each code point. Two kinds of table steer it:
`Reading` (characters and word rules) and `Weights` (what training folded). Both hold
open-addressed tables, `Slots`: a key and a value in each row, the number of rows a
power of two, at most half of them in use, the free ones with the key 0. Where most
keys that are asked for are not in a table, a `Filter` before it answers: a bit for
each value of a key's hash, set where any key of the table has it.

A word's key is the polynomial hash of its canonical letters modulo 2^64, so the key
of two words written together follows from their two keys and the second's length.
Known words and n-grams are found by one look-up; the n-grams of a word are read only
where the word itself is not known.

Nothing here allocates: `read_words` and `score_article` make the arrays, and what they
call is compiled without numba's counting of references, which would cost more than
the look-ups do.
"""

import functools
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from service.tagging.text import (
    BAR,
    BREAK,
    COMMA,
    FIRST_LETTER,
    LINE,
    NOTHING,
    POINT,
    SPACE,
    STOP,
)

EXPANDS = np.uint32(1 << 31)  # an entry that stands for several letters
HASH_BASE = np.uint64(0x9E3779B97F4A7C15)
MIX = np.uint64(0xD6E8FEB86659FD93)
ZERO, NINE = 48, 57
LATIN_A, LATIN_Z = 97, 122
BEYOND_LATIN = 0x370
HEH, YEH = 0x647, 0x6CC
SHORTEST_STEM = 2  # letters of a word that an ending is glued to
EDGE = np.uint64(32)  # stands before and after a word in its n-grams

# What the lexicon says of a word, bit by bit.
PREFIX, SUFFIX, ENDING = 1, 2, 4
MONTH = 8  # the word after which "می" is May
COMPOUND = 16  # may be written apart
MARKER = 32  # begins a line of site furniture, or ends it
FREQUENT = 64  # frequent in Persian alone

# What parts a word from the one before it; a sum of them counts a line's breaks.
JOINED, BROKEN, BARRED = 0, 1, 2
# What a word is the first of; a line begins a sentence.
NOTHING_NEW, A_SENTENCE, A_LINE = 0, 1, 2

SHORTEST_NGRAM, LONGEST_NGRAM = 3, 6
LONGEST_SPELLING = 24  # letters of a word that its n-grams are taken from
SHORTEST_PASSAGE = 8  # words; shorter sentences are joined with the next
LONGEST_PASSAGE = 60  # words; longer sentences are cut
SHORTEST_LINE = 10  # words, Latin ones aside; a shorter one without a mark is furniture
LONGEST_EXPANSION = 6  # letters of the longest entry that expands
LIST_WORDS = 3  # words for each break in a line; with no more it is a list
LONGEST_MARKER = 5  # words
LONGEST_ITEM = 15  # words; a longer line that is marked is no item of a list of links
FURNITURE = -1  # stands for the passage of words that belong to none

WORD = np.dtype(
    [
        ("key", np.uint64),
        ("start", np.int32),  # code points of the text
        ("end", np.int32),
        ("spelled_from", np.int32),  # places in the letters
        ("spelled_to", np.int32),
        ("passage", np.int32),  # its number, or FURNITURE
        ("kinds", np.uint8),  # what the lexicon says of it
        ("gap", np.uint8),  # JOINED, BROKEN or BARRED
        ("begins", np.uint8),  # NOTHING_NEW, A_SENTENCE or A_LINE
        ("marked", np.bool_),  # a mark after it ends a sentence
    ],
    align=True,
)
LANES = 4  # columns of weights that are added at a time
KEY, VALUE = 0, 1  # the columns of open-addressed tables

CodePoints = NDArray[np.uint32]
Letters = NDArray[np.uint32]  # canonical, without anything between words
Words = NDArray[np.void]  # of WORD
Keys = NDArray[np.uint64]
Slots = NDArray[np.uint64]  # (a power of two, 2)
Filter = NDArray[np.uint8]  # (a power of two,): eight bits each
Row = NDArray[np.float64]
Rows = NDArray[np.float64]  # a weight for each topic, the squared norm, and zeros


class Reading(NamedTuple):
    """How characters become words; packed by `features.py` from `text.py`."""

    page_of: NDArray[np.uint16]  # by code point >> 8: which page of 256 entries
    pages: NDArray[np.uint32]  # kind, letter, or EXPANDS | offset << 5 | length
    expansions: NDArray[np.uint32]  # letters of the entries that expand
    lexicon: Slots  # words that rules name, and what they are, bit by bit
    lexicon_filter: Filter


class Weights(NamedTuple):
    """What training folded; see `columns_of` for what is in a row."""

    word_slots: Slots  # a word's row in `words`
    words: Rows
    ngram_slots: Slots  # an n-gram's row in `ngrams`
    ngram_filter: Filter
    ngrams: Rows
    intercepts: NDArray[np.float64]  # (topics,)
    calibration: NDArray[np.float64]  # (topics, 4): best, mean, log count, intercept


def columns_of(n_topics: int) -> int:
    """Columns of `Rows`: the topics', the squared norm's, zeros up to whole lanes."""
    return -(-(n_topics + 1) // LANES) * LANES


def _powers() -> NDArray[np.uint64]:
    """The powers of HASH_BASE that words' lengths ask for; a longer word's is built."""
    power = 1
    found = []
    for _ in range(64):
        found.append(power)
        power = power * int(HASH_BASE) % 2**64
    return np.array(found, np.uint64)


POWERS = _powers()


_compiled = functools.partial(njit, nogil=True, cache=True, _nrt=False)


@_compiled(inline="always")
def slot_of(slots: Slots, key: np.uint64) -> np.int64:
    """Where an open-addressed table holds a key, or the free slot where it would."""
    mask = len(slots) - 1
    slot = np.int64((key * MIX) >> np.uint64(32)) & mask
    while slots[slot, KEY] != 0 and slots[slot, KEY] != key:
        slot = (slot + 1) & mask
    return slot


@_compiled(inline="always")
def may_hold(bits: Filter, key: np.uint64) -> bool:
    """Whether a table may hold a key, by its filter; False is certain."""
    place = np.int64((key * MIX) >> np.uint64(32)) & (8 * len(bits) - 1)
    return bool(bits[place >> 3] >> (place & 7) & 1)


@_compiled(inline="always")
def kinds_of(reading: Reading, key: np.uint64) -> np.int64:
    """What the lexicon says of a word, 0 where it is not in it."""
    if not may_hold(reading.lexicon_filter, key):
        return np.int64(0)
    slot = slot_of(reading.lexicon, key)
    found = reading.lexicon[slot, KEY] == key
    return np.int64(reading.lexicon[slot, VALUE] if found else 0)


@_compiled(inline="always")
def entry_of(reading: Reading, code_point: np.uint32) -> np.uint32:
    """What the character table says of a code point."""
    page = np.int64(reading.page_of[code_point >> 8])
    entry: np.uint32 = reading.pages[(page << 8) | (code_point & 255)]
    return entry


@_compiled(inline="always")
def is_digit(letter: np.uint32) -> np.bool_:
    """Whether a canonical letter is a digit; all digits are spelled "0" in keys."""
    return ZERO <= letter <= NINE


@_compiled()
def kind_of_point(
    reading: Reading,
    code_points: CodePoints,
    place: int,
    last: np.uint32,
    word_length: int,
) -> np.uint32:
    """A full stop or comma, judged by its neighbours: 3.14, U.S., ا. ایران."""
    entry = entry_of(reading, code_points[place])
    follower = np.uint32(NOTHING)
    while follower == NOTHING and place + 1 < len(code_points):
        place += 1
        follower = entry_of(reading, code_points[place])
    if is_digit(last) and is_digit(follower):
        return np.uint32(NOTHING)
    latin = LATIN_A <= last <= LATIN_Z and LATIN_A <= follower <= LATIN_Z
    initial = word_length == 1 and not is_digit(last)
    if entry == COMMA or latin or initial:
        return np.uint32(BREAK)
    return entry


@_compiled(inline="always")
def is_plain(entry: np.uint32) -> bool:
    """Whether an entry is one letter and no digit, as nearly all are."""
    return bool(NINE < entry < EXPANDS)


@_compiled(inline="always")
def open_token(
    words: Words, count: int, place: int, n_letters: int, gap: int, begins: int
) -> None:
    """Writes what is known of a token at its beginning."""
    words[count]["start"] = place
    words[count]["spelled_from"] = n_letters
    words[count]["gap"] = max(gap, BROKEN) if begins else gap
    words[count]["begins"] = begins
    words[count]["marked"] = False


@_compiled(inline="always")
def close_token(
    words: Words, count: int, key: np.uint64, end: int, n_letters: int
) -> int:
    """Writes what is known of a token only at its end; returns the new count."""
    words[count]["key"] = key
    words[count]["end"] = end
    words[count]["spelled_to"] = n_letters
    return count + 1


@_compiled()
def read_tokens(
    code_points: CodePoints, reading: Reading, words: Words, letters: Letters
) -> int:
    """Runs of letters or of digits, with their sentences; returns how many."""
    expansions = reading.expansions
    count = 0
    n_letters = 0
    key = np.uint64(0)
    last = np.uint32(0)  # the letter before, 0 outside a token
    gap = JOINED
    begins = A_LINE
    place = 0
    while place < len(code_points):
        entry = entry_of(reading, code_points[place])
        if entry in (POINT, COMMA):
            length = n_letters - words[count]["spelled_from"] if last else 0
            entry = kind_of_point(reading, code_points, place, last, length)
        if entry < FIRST_LETTER:
            place += 1
            if entry == NOTHING:
                continue
            if last:
                count = close_token(words, count, key, place - 1, n_letters)
                last = np.uint32(0)
            if entry == SPACE:
                continue
            gap = BARRED if entry in (BAR, LINE) else max(gap, BROKEN)
            if entry >= STOP and begins != A_LINE:
                words[count - 1]["marked"] = True
            if entry == LINE:
                begins = A_LINE
            elif entry > BREAK:
                begins = max(begins, A_SENTENCE)
            continue
        offset = np.int64(0)
        length = 1
        letter = entry
        if entry & EXPANDS:
            offset = np.int64(entry & ~EXPANDS) >> 5
            length = np.int64(entry & np.uint32(31))
            letter = expansions[offset]
        if last and is_digit(letter) != is_digit(last):
            count = close_token(words, count, key, place, n_letters)
            last = np.uint32(0)
        if not last:
            open_token(words, count, place, n_letters, gap, begins)
            key = np.uint64(0)
            gap = JOINED
            begins = NOTHING_NEW
        for step in range(length):
            if step:
                letter = expansions[offset + step]
            last = letter
            if is_digit(letter):
                letter = np.uint32(ZERO)
            key = key * HASH_BASE + np.uint64(letter)
            letters[n_letters] = letter
            n_letters += 1
        place += 1
        # What follows is nearly always more of the same: a run of plain letters.
        while is_plain(last) and place < len(code_points):
            entry = entry_of(reading, code_points[place])
            if not is_plain(entry):
                break
            last = entry
            key = key * HASH_BASE + np.uint64(entry)
            letters[n_letters] = entry
            n_letters += 1
            place += 1
    if last:
        count = close_token(words, count, key, len(code_points), n_letters)
    return count


@_compiled(inline="always")
def key_together(key: np.uint64, follower: np.uint64, length: int) -> np.uint64:
    """The key of two words written as one, the second of `length` letters."""
    if length < len(POWERS):
        power: np.uint64 = POWERS[length]
        return key * power + follower
    base = HASH_BASE
    while length > 0:
        if length & 1:
            key *= base
        base *= base
        length >>= 1
    return key + follower


@_compiled(inline="always")
def length_of(words: Words, word: int) -> int:
    """How many canonical letters a word has."""
    return int(words[word]["spelled_to"] - words[word]["spelled_from"])


@_compiled(inline="always")
def takes_affix(words: Words, letters: Letters, word: int, kinds: int) -> bool:
    """Whether an affix of these kinds may be glued to a word."""
    last = letters[words[word]["spelled_to"] - 1]
    if length_of(words, word) < SHORTEST_STEM or is_digit(last):
        return False
    return bool(kinds & SUFFIX) or (bool(kinds & ENDING) and last in (HEH, YEH))


@_compiled(inline="always")
def join_last(words: Words, first: int, last: int, key: np.uint64) -> None:
    """Makes one word, at `first`, of the words from there to `last`."""
    words[first]["key"] = key
    words[first]["end"] = words[last]["end"]
    words[first]["spelled_to"] = words[last]["spelled_to"]
    words[first]["marked"] = words[last]["marked"]


@_compiled(inline="always")
def first_of_compound(reading: Reading, words: Words, last: int) -> int:
    """Where the compound begins that ends with word `last`; `last` where none does.

    Three words that are written together go before two. Their key is written there.
    """
    two = key_together(
        words[last - 1]["key"], words[last]["key"], length_of(words, last)
    )
    if last > 1 and words[last - 1]["gap"] == JOINED:
        length = words[last]["spelled_to"] - words[last - 1]["spelled_from"]
        three = key_together(words[last - 2]["key"], two, length)
        kinds = kinds_of(reading, three)
        if kinds & COMPOUND:
            join_last(words, last - 2, last, three)
            words[last - 2]["kinds"] = kinds
            return last - 2
    kinds = kinds_of(reading, two)
    if kinds & COMPOUND:
        join_last(words, last - 1, last, two)
        words[last - 1]["kinds"] = kinds
        return last - 1
    return last


@_compiled()
def join_tokens(
    reading: Reading,
    words: Words,
    letters: Letters,
    n_tokens: int,
) -> int:
    """Glues affixes and compounds, in place; returns how many words are left."""
    last = -1
    after_prefix = False
    for token in range(n_tokens):
        words[token]["kinds"] = kinds_of(reading, words[token]["key"])
    for token in range(n_tokens):
        kinds = words[token]["kinds"]
        joins = words[token]["gap"] == JOINED and last >= 0
        glues = False
        if joins and after_prefix:
            glues = not is_digit(letters[words[token]["spelled_from"]])
        elif joins and kinds & (SUFFIX | ENDING):
            glues = takes_affix(words, letters, last, kinds)
        if glues:
            key = key_together(
                words[last]["key"], words[token]["key"], length_of(words, token)
            )
            after_prefix = False
            join_last(words, last, token, key)
            words[last]["kinds"] = kinds_of(reading, key)
        else:
            in_may = joins and words[last]["kinds"] & MONTH
            after_prefix = kinds & PREFIX != 0 and not in_may
            last += 1
            if last < token:
                words[last] = words[token]
        if after_prefix or words[last]["gap"] != JOINED or not last:
            continue
        # An ending belongs to the word, not to the compound: شناخته شده + اند.
        if token + 1 < n_tokens and words[token + 1]["gap"] == JOINED:
            next_kinds = words[token + 1]["kinds"]
            if next_kinds & ENDING and takes_affix(words, letters, last, next_kinds):
                continue
        last = first_of_compound(reading, words, last)
    return last + 1


@_compiled()
def is_marker(reading: Reading, words: Words, first: int, end: int) -> bool:
    """Whether a line begins or ends as site furniture does."""
    key = np.uint64(0)
    for word in range(first, min(end, first + LONGEST_MARKER)):
        key = key_together(key, words[word]["key"], length_of(words, word))
        if kinds_of(reading, key) & MARKER:
            # One word alone, as in "منبع: …", is an ordinary word in "منبع آگاه".
            alone = word + 1 == end or words[word + 1]["gap"] != JOINED
            if word > first or alone:
                return True
    if end < first + 2:
        return False
    key = key_together(
        words[end - 2]["key"], words[end - 1]["key"], length_of(words, end - 1)
    )
    return bool(kinds_of(reading, key) & MARKER)


@_compiled()
def mark_furniture(
    reading: Reading,
    words: Words,
    letters: Letters,
    count: int,
    title_length: int,
) -> bool:
    """Tells sentences from site furniture: writes 0 or FURNITURE as words' passages.

    A line that no mark ends is furniture where it is short, a list or without any word
    that is frequent in Persian. A marker makes furniture of its line and of those after
    it, up to one that is marked and longer than an item of a list. Returns whether
    anything else is left.
    """
    after_marker = False
    anything = False
    first = 0
    while first < count:
        end = first
        breaks = 0
        own = 0  # words of another script than Latin and no numbers
        names_only = True
        marked = False
        while end < count and (end == first or words[end]["begins"] != A_LINE):
            if end > first:
                breaks += words[end]["gap"]
            own += letters[words[end]["spelled_from"]] >= BEYOND_LATIN
            names_only = names_only and not words[end]["kinds"] & FREQUENT
            marked = marked or words[end]["marked"]
            end += 1
        kind = 0
        if words[first]["start"] >= title_length:
            ends_list = marked and end - first > LONGEST_ITEM
            marker = after_marker or is_marker(reading, words, first, end)
            after_marker = marker and not ends_list
            listed = breaks > 1 and end - first <= LIST_WORDS * breaks
            no_sentence = own < SHORTEST_LINE or listed or names_only
            if after_marker or (not marked and no_sentence):
                kind = FURNITURE
        anything = anything or kind == 0
        for word in range(first, end):
            words[word]["passage"] = kind
        first = end
    return anything


@_compiled()
def cut_passages(words: Words, count: int, title_length: int) -> int:
    """Numbers the passages and returns how many there are.

    The title is one; then sentences, short ones joined with the next, long ones cut.
    Furniture stays as it is marked.
    """
    n_passages = 0
    length = 0  # words of the passage under way
    in_title = True
    for word in range(count):
        if words[word]["passage"] == FURNITURE:
            length = 0
            continue
        title_ends = in_title and words[word]["start"] >= title_length
        in_title = in_title and not title_ends
        sentence_ends = (
            words[word]["begins"] and length >= SHORTEST_PASSAGE and not in_title
        )
        if title_ends or sentence_ends or length == LONGEST_PASSAGE:
            length = 0
        n_passages += length == 0
        words[word]["passage"] = n_passages - 1
        length += 1
    return n_passages


@_compiled()
def fill_words(
    code_points: CodePoints,
    title_length: int,
    reading: Reading,
    words: Words,
    letters: Letters,
) -> tuple[int, int]:
    """Reads a text; returns how many words there are, and how many passages."""
    n_tokens = read_tokens(code_points, reading, words, letters)
    count = join_tokens(reading, words, letters, n_tokens)
    if not mark_furniture(reading, words, letters, count, title_length):
        for word in range(count):
            words[word]["passage"] = 0
    return count, cut_passages(words, count, title_length)


@_compiled(inline="always")
def add_row(table: Rows, row: np.int64, sums: Row) -> None:
    """Adds a row of a table to `sums`, four columns at a time."""
    for block in range(0, len(sums), LANES):
        for lane in range(LANES):
            sums[block + lane] += table[row, block + lane]


@_compiled()
def add_ngrams(weights: Weights, spelling: Letters, sums: Row) -> None:
    """Adds the rows of a word's n-grams to `sums`.

    Where an n-gram is not known, none that begins with it is: an n-gram's passages
    hold all its parts.
    """
    if is_digit(spelling[0]):
        return
    length = min(len(spelling), LONGEST_SPELLING)
    for start in range(-1, length - 1):
        key = EDGE if start < 0 else np.uint64(spelling[start])
        for place in range(start + 1, min(start + LONGEST_NGRAM, length + 1)):
            letter = np.uint64(spelling[place]) if place < length else EDGE
            key = key * HASH_BASE + letter
            if place - start + 1 < SHORTEST_NGRAM:
                continue
            if not may_hold(weights.ngram_filter, key):
                break
            slot = slot_of(weights.ngram_slots, key)
            if weights.ngram_slots[slot, KEY] != key:
                break
            add_row(weights.ngrams, np.int64(weights.ngram_slots[slot, VALUE]), sums)


@_compiled(inline="always")
def add_word(
    weights: Weights, words: Words, letters: Letters, word: int, sums: Row
) -> bool:
    """Adds a word's row to `sums`, or those of its n-grams; whether it is known."""
    key = words[word]["key"]
    slot = slot_of(weights.word_slots, key)
    if weights.word_slots[slot, KEY] == key:
        add_row(weights.words, np.int64(weights.word_slots[slot, VALUE]), sums)
        return True
    spelling = letters[words[word]["spelled_from"] : words[word]["spelled_to"]]
    add_ngrams(weights, spelling, sums)
    return False


@_compiled(inline="always")
def times_before(keys: Keys, word: int) -> int:
    """How often a word stands earlier in its passage."""
    earlier = 0
    for other in range(word):
        earlier += keys[other] == keys[word]
    return earlier


@_compiled(inline="always")
def scale_of(squared_norm: float) -> float:
    """One over the norm of a passage, or 0 where no word is known."""
    return 1.0 / np.sqrt(squared_norm) if squared_norm > 0.0 else 0.0


@_compiled()
def score_passage(
    weights: Weights, words: Words, letters: Letters, keys: Keys, sums: Row, values: Row
) -> int:
    """Writes the decision values of a passage's words to `values`.

    Returns how many words are known. The squared norm is the sum over distinct words of
    (count x norm)^2. `keys` and `sums` are room to work in: keys side by side are
    compared several at a time.
    """
    n_topics = len(values)
    sums[:] = 0.0
    squared_norm = 0.0
    known = 0
    for word in range(len(words)):
        keys[word] = words[word]["key"]
        before = sums[n_topics]
        known += add_word(weights, words, letters, word, sums)
        norm = sums[n_topics] - before
        squared_norm += (2 * times_before(keys, word) + 1) * norm
    scale = scale_of(squared_norm)
    for topic in range(n_topics):
        values[topic] = sums[topic] * scale + weights.intercepts[topic]
    return known


@_compiled()
def fill_shares(
    weights: Weights, words: Words, letters: Letters, keys: Keys, rows: Rows
) -> None:
    """Writes each word's share of its passage's decision values to `rows`, zeros.

    They add up to the decision values without the intercepts.
    """
    n_topics = len(weights.intercepts)
    squared_norm = 0.0
    for word in range(len(words)):
        keys[word] = words[word]["key"]
        add_word(weights, words, letters, word, rows[word])
        norm = rows[word, n_topics]
        squared_norm += (2 * times_before(keys, word) + 1) * norm
    rows *= scale_of(squared_norm)


@_compiled()
def count_telling(words: Words, letters: Letters) -> tuple[int, int]:
    """How many words have letters, and how many are frequent in Persian alone."""
    with_letters = 0
    frequent = 0
    for word in range(len(words)):
        with_letters += not is_digit(letters[words[word]["spelled_from"]])
        frequent += words[word]["kinds"] & FREQUENT != 0
    return with_letters, frequent


@_compiled()
def score_words(
    weights: Weights,
    words: Words,
    letters: Letters,
    n_passages: int,
    keys: Keys,
    room: Row,
    scores: Row,
    best: NDArray[np.int64],
) -> int:
    """Writes the score of each topic, and where its best passage begins and ends.

    Returns how many words are known. `keys` and `room` are room to work in.
    """
    calibration = weights.calibration
    n_topics = len(calibration)
    values = room[:n_topics]
    highest = room[n_topics : 2 * n_topics]
    mean = room[2 * n_topics : 3 * n_topics]
    sums = room[3 * n_topics :]
    highest[:] = -np.inf
    mean[:] = 0.0
    known = 0
    first = 0
    while first < len(words):
        passage = words[first]["passage"]
        end = first + 1
        while end < len(words) and words[end]["passage"] == passage:
            end += 1
        if passage != FURNITURE:
            passage_words = words[first:end]
            known += score_passage(weights, passage_words, letters, keys, sums, values)
            for topic in range(n_topics):
                mean[topic] += values[topic] / n_passages
                if values[topic] > highest[topic]:
                    highest[topic] = values[topic]
                    best[topic, 0] = first
                    best[topic, 1] = end
        first = end
    for topic in range(n_topics):
        log_odds = (
            calibration[topic, 0] * highest[topic]
            + calibration[topic, 1] * mean[topic]
            + calibration[topic, 2] * np.log(n_passages)
            + calibration[topic, 3]
        )
        scores[topic] = 1.0 / (1.0 + np.exp(-log_odds))
    return known


@_compiled()
def fill_article(
    code_points: CodePoints,
    title_length: int,
    reading: Reading,
    weights: Weights,
    words: Words,
    letters: Letters,
    keys: Keys,
    room: Row,
    scores: Row,
    best: NDArray[np.int64],
) -> tuple[int, int, int, int]:
    """Reads and scores an article.

    Returns how many words there are, and how many have letters, are frequent in Persian
    alone, are known.
    """
    count, n_passages = fill_words(code_points, title_length, reading, words, letters)
    words = words[:count]
    known = 0
    if n_passages:
        known = score_words(
            weights, words, letters, n_passages, keys, room, scores, best
        )
    with_letters, frequent = count_telling(words, letters)
    return count, with_letters, frequent, known


def room_for(code_points: CodePoints) -> tuple[Words, Letters]:
    """Arrays for the words of a text and their letters, however many there are.

    What is not written in them takes no memory.
    """
    n_points = len(code_points)
    return (
        np.empty(n_points + 1, WORD),
        np.empty(n_points * LONGEST_EXPANSION, np.uint32),
    )


def read_words(
    code_points: CodePoints, title_length: int, reading: Reading
) -> tuple[int, Words, Letters]:
    """The words of a text, numbered by passages.

    The text is a title of `title_length` code points, a line break and a text.
    Returns how many passages there are, the words and their letters.
    """
    words, letters = room_for(code_points)
    count, n_passages = fill_words(code_points, title_length, reading, words, letters)
    return n_passages, words[:count], letters


class Scored(NamedTuple):
    """What one article scores; where it has no word, scores and passages are 0."""

    with_letters: int  # words that have letters
    frequent: int  # words frequent in Persian alone
    known: int  # words that the model knows, site furniture aside
    words: Words
    letters: Letters
    scores: Row  # (topics,): calibrated probabilities
    best: NDArray[np.int64]  # (topics, 2): the best passage, first word and end


def score_article(
    code_points: CodePoints, title_length: int, reading: Reading, weights: Weights
) -> Scored:
    """Reads and scores one article, given as `read_words` wants it."""
    n_topics = len(weights.calibration)
    words, letters = room_for(code_points)
    keys = np.empty(LONGEST_PASSAGE, np.uint64)
    room = np.empty(3 * n_topics + weights.words.shape[1])
    scores = np.zeros(n_topics)
    best = np.zeros((n_topics, 2), np.int64)
    count, with_letters, frequent, known = fill_article(
        code_points,
        title_length,
        reading,
        weights,
        words,
        letters,
        keys,
        room,
        scores,
        best,
    )
    return Scored(with_letters, frequent, known, words[:count], letters, scores, best)


def share_passage(weights: Weights, words: Words, letters: Letters) -> Rows:
    """Each word's share of its passage's decision values, without the intercepts.

    Returns shape (words of the passage, topics).
    """
    rows = np.zeros((len(words), weights.words.shape[1]))
    fill_shares(weights, words, letters, np.empty(len(words), np.uint64), rows)
    return rows[:, : len(weights.intercepts)]
