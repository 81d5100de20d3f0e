"""The compiled pass: code points to words, words to passages, passages to scores.

    code points ──read_tokens──▶ tokens ──join_tokens──▶ words ──cut_passages──▶
    passages ──find_words──▶ slots of records ──score_passage──▶ decision values
    ──score_words──▶ a score for each topic

Every step walks its input once and writes in place to the one array of `WORD` records
of a `Workspace`, a place for each code point. Up to passages, steps take turns, a block
of lines at a time: what one has written is still near when the next one asks for it,
however long the text is.

Two kinds of table steer them: `Reading` (characters and word rules) and `Weights` (what
training folded). Both hold open-addressed tables, a key in each row and beside it one
value (`Slots`) or all that a word weighs (`Records`): the number of rows a power of
two, at most two thirds of them in use, the free ones with the key 0. Where most keys
that are asked for are not in a table, a `Filter` before it answers: a word of it for
each key, two bits of it set, both by the key's hash.

A word's key is the polynomial hash of its canonical letters modulo 2^64, so the key
of two words written together follows from their two keys and the second's length.
Known words and n-grams are found by one look-up; the n-grams of a word are read only
where the word itself is not known.

What the time goes into is memory that is waited for and branches that are foreseen
wrongly: hence look-ups one after another before anything is done with what they find,
and no branch where the next letter, or the next word, decides.

Nothing here allocates: an article is read in a `Workspace`, and all is compiled without
numba's counting of references, which would cost more than the look-ups do.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numba import njit, typeof
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
FIRST_PLAIN = np.uint32(NINE + 1)  # the first entry that is a letter and no digit
HEH, YEH = 0x647, 0x6CC
SHORTEST_STEM = 2  # letters of a word that an ending is glued to
EDGE = np.uint64(32)  # stands before and after a word in its n-grams

# What is known of a word, bit by bit.
PREFIX, SUFFIX, ENDING = 1, 2, 4
MONTH = 8  # the word after which "می" is May
FREQUENT = 16  # frequent in Persian alone
MAY_JOIN = 32  # with the word before it, or the two, it may be a compound
ALL_KINDS = np.uint64(63)

# What is known of several words written together.
COMPOUND = 1  # they may be written apart
MARKER = 2  # they begin a line of site furniture, or end it

# What parts a word from the one before it; a sum of them counts a line's breaks.
JOINED, BROKEN, BARRED = 0, 1, 2
# What a word is the first of; a line begins a sentence.
NOTHING_NEW, A_SENTENCE, A_LINE = 0, 1, 2

BLOCK = 512  # tokens; a block of lines has no fewer, but for the last
SHORTEST_NGRAM, LONGEST_NGRAM = 3, 6
LONGEST_SPELLING = 24  # letters of a word that its n-grams are taken from
SHORTEST_PASSAGE = 8  # words; shorter sentences are joined with the next
LONGEST_PASSAGE = 60  # words; longer sentences are cut
SHORTEST_LINE = 10  # words, Latin ones aside; a shorter one without a mark is furniture
LONGEST_EXPANSION = 6  # letters of the longest entry that expands
LIST_WORDS = 3  # words for each break in a line; with no more it is a list
LONGEST_MARKER = 5  # words
LONGEST_ITEM = 15  # words; a longer line that is marked is no item of a list of links
UNKNOWN = np.uint64(2**64 - 1)  # stands for the slot of what has no record
SEEN_SHIFT = np.uint64(64 - 11)  # what is left of a key tells 32 x 64 bits
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
HALF_A_LINE = 4  # numbers of 64 bits in half a line of the cache
BESIDE_KEY = np.uintp(2 * (HALF_A_LINE - 1))  # numbers of 32 bits in a key's half line
KEY, VALUE = 0, 1  # the columns of open-addressed tables
FIRST_WEIGHT = np.uintp(2)  # the column in records, seen as float32
ONE, TWO = np.uintp(1), np.uintp(2)  # an unsigned index need not be tried for its sign

Index = int | np.integer[Any]
CodePoints = NDArray[np.uint32]
Characters = NDArray[np.uint32]
Letters = NDArray[np.uint32]  # canonical, without anything between words
Words = NDArray[np.void]  # of WORD
Keys = NDArray[np.uint64]
Slots = NDArray[np.uint64]  # (a power of two, 2)
Kinds = NDArray[np.uint64]  # (a power of two,)
Filter = NDArray[np.uint64]  # (a power of two,)
Rooms = NDArray[np.uint64]  # (4, at least LONGEST_PASSAGE)
# An open-addressed table of keys, each with a weight for each topic and the squared
# norm beside it, as the bits of float32, two in a column: one look-up touches one line
# of the cache.
Records = NDArray[np.uint64]  # (a power of two, columns)
Row = NDArray[np.float64]  # a number for each topic
Sums = NDArray[np.float64]  # of records: (`width_of` the topics,)
Rows = NDArray[np.float64]


class Reading(NamedTuple):
    """How characters become words; packed by `features.py` from `text.py`."""

    # By code point: kind, letter, or EXPANDS | offset << 5 | length.
    characters: Characters
    expansions: NDArray[np.uint32]  # letters of the entries that expand
    # Of words that rules name: the mixed key, its last bits replaced by what is known.
    kinds: Kinds
    together: Slots  # compounds and markers, and which of the two, bit by bit
    together_filter: Filter


class Passages(NamedTuple):
    """What is told of a text's passages, up to the end of a line."""

    n_passages: int
    length: int  # words of the one under way
    in_title: bool  # it is the title
    after_marker: bool  # of furniture, which no sentence has ended yet
    with_letters: int  # words that have letters
    frequent: int  # words frequent in Persian alone


class Weights(NamedTuple):
    """What training folded.

    Of n-grams that begin alike, none is known unless the shorter ones are, and the
    record of each holds the sum of its own weights and of theirs.
    """

    words: Records
    ngrams: Records
    ngram_filter: Filter
    intercepts: NDArray[np.float64]  # (topics,)
    # (topics, 5): by a passage's decision value, the best and the mean; by logarithms,
    # of the number of passages and of the best one's words; intercept.
    calibration: NDArray[np.float64]


def columns_of(n_topics: int) -> int:
    """Columns of `Records`: key, topics, squared norm, zeros to half a line's end."""
    return -(-(n_topics + 1 + 2) // (2 * HALF_A_LINE)) * HALF_A_LINE


def width_of(n_topics: int) -> int:
    """Numbers beside the key in a row of `Records`: topics, squared norm, zeros."""
    return 2 * (columns_of(n_topics) - 1)


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
def home_of(slots: Slots, key: np.uint64) -> np.uintp:
    """Where an open-addressed table holds a key, unless another is there."""
    return np.uintp((key * MIX) >> np.uint64(32)) & np.uintp(len(slots) - 1)


@_compiled(inline="always")
def slot_of(slots: Slots, key: np.uint64) -> np.uintp:
    """Where an open-addressed table holds a key, or the free slot where it would."""
    mask = np.uintp(len(slots) - 1)
    slot = home_of(slots, key)
    while slots[slot, KEY] != 0 and slots[slot, KEY] != key:
        slot = (slot + ONE) & mask
    return slot


@_compiled(inline="always")
def may_hold(bits: Filter, key: np.uint64) -> bool:
    """Whether a table may hold a key, by its filter; False is certain."""
    mixed = key * MIX
    word = bits[np.uintp(mixed >> np.uint64(32)) & np.uintp(len(bits) - 1)]
    both = bits_of(mixed)
    return bool(word & both == both)


@_compiled(inline="always")
def bits_of(mixed: np.uint64) -> np.uint64:
    """The two bits of a filter's word that stand for a mixed key; perhaps the same."""
    one = np.uint64(1) << (mixed >> np.uint64(58))
    return one | np.uint64(1) << (mixed >> np.uint64(52) & np.uint64(63))


@_compiled(inline="always")
def kinds_of(reading: Reading, key: np.uint64) -> np.uint64:
    """What is known of a word, 0 for most."""
    mixed = key * MIX
    place = np.uintp(mixed >> np.uint64(32)) & np.uintp(len(reading.kinds) - 1)
    entry = reading.kinds[place]
    kinds = entry & ALL_KINDS
    return kinds if entry ^ mixed <= ALL_KINDS else np.uint64(0)


@_compiled(inline="always")
def is_together(reading: Reading, key: np.uint64, what: int) -> bool:
    """Whether words of this key, written together, are a COMPOUND or a MARKER."""
    if not may_hold(reading.together_filter, key):
        return False
    slot = slot_of(reading.together, key)
    found = reading.together[slot, KEY] == key
    return bool(found and reading.together[slot, VALUE] & np.uint64(what))


@_compiled(inline="always")
def entry_of(characters: Characters, code_point: np.uint32) -> np.uint32:
    """What the character table says of a code point."""
    entry: np.uint32 = characters[np.uintp(code_point)]
    return entry


@_compiled(inline="always")
def is_digit(letter: np.uint32) -> np.bool_:
    """Whether a canonical letter is a digit; all digits are spelled "0" in keys."""
    return ZERO <= letter <= NINE


@_compiled()
def kind_of_point(
    characters: Characters,
    code_points: CodePoints,
    place: Index,
    last: np.uint32,
    word_length: Index,
) -> np.uint32:
    """A full stop or comma, judged by its neighbours: 3.14, U.S., ا. ایران."""
    entry = entry_of(characters, code_points[np.uintp(place)])
    follower = np.uint32(NOTHING)
    while follower == NOTHING and place + 1 < len(code_points):
        place += 1
        follower = entry_of(characters, code_points[np.uintp(place)])
    if is_digit(last) and is_digit(follower):
        return np.uint32(NOTHING)
    latin = LATIN_A <= last <= LATIN_Z and LATIN_A <= follower <= LATIN_Z
    initial = word_length == 1 and not is_digit(last)
    if entry == COMMA or latin or initial:
        return np.uint32(BREAK)
    return entry


@_compiled(inline="always")
def is_common(entry: np.uint32) -> bool:
    """Whether an entry is a space or one letter and no digit, as nearly all are.

    One comparison, a space taken for a letter: the processor cannot foresee which of
    the two comes next.
    """
    spaces = np.uint32(entry == SPACE)
    return bool(entry + spaces * FIRST_PLAIN - FIRST_PLAIN < EXPANDS - FIRST_PLAIN)


@_compiled(inline="always")
def open_token(
    words: Words, count: Index, place: Index, n_letters: Index, gap: int, begins: int
) -> None:
    """Writes what is known of a token at its beginning."""
    word = words[np.uintp(count)]
    word["start"] = place
    word["spelled_from"] = n_letters
    word["gap"] = max(gap, BROKEN) if begins else gap
    word["begins"] = begins
    word["marked"] = False


@_compiled(inline="always")
def close_token(
    words: Words, count: Index, key: np.uint64, end: Index, n_letters: Index
) -> Index:
    """Writes what is known of a token only at its end; returns the new count."""
    word = words[np.uintp(count)]
    word["key"] = key
    word["end"] = end
    word["spelled_to"] = n_letters
    return count + 1


@_compiled()
def read_run(
    code_points: CodePoints,
    characters: Characters,
    words: Words,
    letters: Letters,
    place: Index,
    count: Index,
    n_letters: Index,
    key: np.uint64,
    inside: bool,
) -> tuple[Index, Index, Index, np.uint64, bool]:
    """Letters and spaces up to anything else, from within a token or outside of one.

    Whether a letter or a space comes next cannot be foreseen, so each is taken in the
    same steps without a branch: all is written as if a token ended here, and counted
    if one does. Where tokens begin follows from their ends: see `open_tokens`. Returns
    what it was given, brought up to date.
    """
    at = np.uintp(place)
    token = np.uintp(count)
    to = np.uintp(n_letters)
    was_letter = np.uintp(inside)
    while at < np.uintp(len(code_points)):
        entry = entry_of(characters, code_points[at])
        if not is_common(entry):
            break
        letter = np.uintp(entry != SPACE)
        words[token]["key"] = key
        words[token]["end"] = at
        words[token]["spelled_to"] = to
        letters[to] = entry
        token += was_letter & ~letter
        to += letter
        was_letter = letter
        key = key * (np.uint64(letter) * HASH_BASE) + np.uint64(entry)
        at += ONE
    return np.int64(at), np.int64(token), np.int64(to), key, was_letter != 0


@_compiled(inline="always")
def open_tokens(words: Words, first: Index, end: Index, gap: int, begins: int) -> None:
    """Writes what is known of a run's tokens at their beginnings, from their ends."""
    spelled_to = words[np.uintp(first) - ONE]["spelled_to"] if first else 0
    for token in range(np.uintp(first), np.uintp(end)):
        word = words[token]
        word["start"] = word["end"] - (word["spelled_to"] - spelled_to)
        word["spelled_from"] = spelled_to
        word["gap"] = gap
        word["begins"] = begins
        word["marked"] = False
        spelled_to = word["spelled_to"]
        gap = JOINED
        begins = NOTHING_NEW


@_compiled()
def read_tokens(
    code_points: CodePoints,
    reading: Reading,
    words: Words,
    letters: Letters,
    place: Index,
    first_token: Index,
    n_letters: Index,
) -> tuple[Index, Index, Index]:
    """Runs of letters or of digits, with their sentences, from where a line begins.

    Reads lines until they have BLOCK tokens or the text ends. Returns where that is,
    how many tokens there are now, and how many letters.
    """
    characters, expansions = reading.characters, reading.expansions
    count = first_token
    key = np.uint64(0)
    last = np.uint32(0)  # the letter before, 0 outside a token
    gap = BARRED
    begins = A_LINE
    while True:
        if not is_digit(last):
            first = count + (last != 0)
            place, count, n_letters, key, inside = read_run(
                code_points,
                characters,
                words,
                letters,
                place,
                count,
                n_letters,
                key,
                last != 0,
            )
            last = letters[np.uintp(n_letters - 1)] if inside else np.uint32(0)
            close_token(words, count, key, place, n_letters)
            if first < count + inside:
                gap = max(gap, BROKEN) if begins else gap
                open_tokens(words, first, count + inside, gap, begins)
                gap = JOINED
                begins = NOTHING_NEW
        if place == len(code_points):
            break
        entry = entry_of(characters, code_points[np.uintp(place)])
        if entry in (POINT, COMMA):
            length = n_letters - words[count]["spelled_from"] if last else 0
            entry = kind_of_point(characters, code_points, place, last, length)
        if entry < FIRST_LETTER:
            place += 1
            if entry == NOTHING:
                continue
            if last:
                count = close_token(words, count, key, place - 1, n_letters)
                last = np.uint32(0)
                key = np.uint64(0)
            if entry == SPACE:
                continue
            gap = BARRED if entry in (BAR, LINE) else max(gap, BROKEN)
            if entry >= STOP and begins != A_LINE:
                words[np.uintp(count) - ONE]["marked"] = True
            if entry == LINE:
                if count >= first_token + BLOCK:
                    break
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
            letters[np.uintp(n_letters)] = letter
            n_letters += 1
        place += 1
    if last:
        count = close_token(words, count, key, len(code_points), n_letters)
    return place, count, n_letters


@_compiled(inline="always")
def key_together(key: np.uint64, follower: np.uint64, length: Index) -> np.uint64:
    """The key of two words written as one, the second of `length` letters."""
    if length < len(POWERS):
        power: np.uint64 = POWERS[np.uintp(length)]
        return key * power + follower
    base = HASH_BASE
    while length > 0:
        if length & 1:
            key *= base
        base *= base
        length >>= 1
    return key + follower


@_compiled(inline="always")
def length_of(words: Words, word: Index) -> int:
    """How many canonical letters a word has."""
    return int(words[word]["spelled_to"] - words[word]["spelled_from"])


@_compiled(inline="always")
def takes_affix(words: Words, letters: Letters, word: Index, kinds: Index) -> bool:
    """Whether an affix of these kinds may be glued to a word."""
    last = letters[words[word]["spelled_to"] - 1]
    if length_of(words, word) < SHORTEST_STEM or is_digit(last):
        return False
    return bool(kinds & SUFFIX) or (bool(kinds & ENDING) and last in (HEH, YEH))


@_compiled(inline="always")
def join_last(
    words: Words, first: Index, last: Index, key: np.uint64, kinds: Index
) -> None:
    """Makes one word, at `first`, of the words from there to `last`."""
    words[first]["key"] = key
    words[first]["end"] = words[last]["end"]
    words[first]["spelled_to"] = words[last]["spelled_to"]
    words[first]["kinds"] = kinds
    words[first]["marked"] = words[last]["marked"]


@_compiled(inline="always")
def join_compound(reading: Reading, words: Words, count: np.uintp) -> np.uintp:
    """Joins the last words, of `count`, that are a compound; returns the new count.

    Three words that are written together go before two.
    """
    last, before = count - ONE, count - TWO
    length = length_of(words, last)
    two = key_together(words[before]["key"], words[last]["key"], length)
    if words[before]["gap"] == JOINED:
        first = before - ONE
        length += length_of(words, before)
        three = key_together(words[first]["key"], two, length)
        if is_together(reading, three, COMPOUND):
            join_last(words, first, last, three, kinds_of(reading, three))
            return before
    if is_together(reading, two, COMPOUND):
        join_last(words, before, last, two, kinds_of(reading, two))
        return last
    return count


@_compiled(inline="always")
def mark_kinds(reading: Reading, words: Words, first: Index, end: Index) -> None:
    """Writes the kinds of tokens, each judged with the one or two before it.

    Without a branch, for few are of any kind, and which cannot be foreseen.
    """
    before, two_before = np.uint64(0), np.uint64(0)  # keys
    joins_before = False
    for token in range(np.uintp(first), np.uintp(end)):
        key = words[token]["key"]
        length = np.uintp(length_of(words, token))
        short = length < np.uintp(len(POWERS))
        power = POWERS[length * np.uintp(short)]
        two = before * power + key
        three = two_before * power + key
        joins = words[token]["gap"] == JOINED
        may_join = may_hold(reading.together_filter, two)
        may_join |= joins_before & may_hold(reading.together_filter, three)
        may_join = joins & (may_join | (not short))
        words[token]["kinds"] = kinds_of(reading, key) | np.uint64(MAY_JOIN * may_join)
        before, two_before = key, two
        joins_before = joins


@_compiled()
def join_tokens(
    reading: Reading,
    words: Words,
    letters: Letters,
    first: Index,
    end: Index,
) -> Index:
    """Glues affixes and compounds of whole lines, in place.

    Returns how many words there are then, those before them too.
    """
    mark_kinds(reading, words, first, end)
    count = np.uintp(first)
    after_prefix = False
    joined: Index = np.uintp(first)  # the last token that was joined to another
    for token in range(np.uintp(first), np.uintp(end)):
        kinds = words[token]["kinds"]
        # Nearly all stay as they are, if the two before did.
        quiet = not after_prefix and token > joined + TWO
        if quiet and not kinds & (PREFIX | SUFFIX | ENDING | MAY_JOIN):
            words[count] = words[token]
            count += ONE
            continue
        last = count - ONE
        joins = words[token]["gap"] == JOINED
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
            join_last(words, last, token, key, kinds_of(reading, key))
            joined = token
        else:
            in_may = joins and words[last]["kinds"] & MONTH
            after_prefix = kinds & PREFIX != 0 and not in_may
            if count < token:
                words[count] = words[token]
            count += ONE
        if after_prefix or words[count - ONE]["gap"] != JOINED:
            continue
        # An ending belongs to the word, not to the compound: شناخته شده + اند.
        follower = token + ONE
        if follower < np.uintp(end) and words[follower]["gap"] == JOINED:
            next_kinds = words[follower]["kinds"]
            if next_kinds & ENDING and takes_affix(
                words, letters, count - ONE, next_kinds
            ):
                continue
        together = join_compound(reading, words, count)
        if together < count:
            joined = token
            count = together
    return np.int64(count)


@_compiled(inline="always")
def is_marker(reading: Reading, words: Words, first: Index, end: Index) -> bool:
    """Whether a line begins or ends as site furniture does."""
    key = np.uint64(0)
    for word in range(first, min(end, first + LONGEST_MARKER)):
        key = key_together(key, words[word]["key"], length_of(words, word))
        if is_together(reading, key, MARKER):
            # One word alone, as in "منبع: …", is an ordinary word in "منبع آگاه".
            alone = word + 1 == end or words[word + 1]["gap"] != JOINED
            if word > first or alone:
                return True
    if end < first + 2:
        return False
    last = np.uintp(end) - ONE
    key = key_together(
        words[last - ONE]["key"], words[last]["key"], length_of(words, last)
    )
    return is_together(reading, key, MARKER)


@_compiled(inline="always")
def cut_line(
    words: Words,
    first: Index,
    end: Index,
    title_length: Index,
    n_passages: int,
    length: int,
    in_title: bool,
) -> tuple[int, int, bool]:
    """Numbers the passages of a line that is no furniture, or of all words as one.

    The title is one; then sentences, short ones joined with the next, long ones cut.
    Returns what it was given, brought up to date: how many passages there are, how many
    words the one under way has, and whether it is in the title.
    """
    for word in range(np.uintp(first), np.uintp(end)):
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
    return n_passages, length, in_title


@_compiled()
def cut_passages(
    reading: Reading,
    words: Words,
    letters: Letters,
    first: Index,
    count: Index,
    title_length: Index,
    before: Passages,
) -> Passages:
    """Tells sentences from site furniture, line by line, and numbers the passages.

    A line that no mark ends is furniture where it is short, a list or without any word
    that is frequent in Persian. A marker makes furniture of its line and of those after
    it, up to one that is marked and longer than an item of a list.

    Goes on from what is told of the lines `before`; returns the same with these lines.
    """
    n_passages, length, in_title, after_marker, with_letters, all_frequent = before
    while first < count:
        end = first
        breaks = 0
        own = 0  # words of another script than Latin and no numbers
        frequent = 0
        marked = False
        while end < count:
            word = words[np.uintp(end)]
            if end > first:
                if word["begins"] == A_LINE:
                    break
                breaks += word["gap"]
            letter = letters[np.uintp(word["spelled_from"])]
            with_letters += not is_digit(letter)
            own += letter >= BEYOND_LATIN
            frequent += word["kinds"] & FREQUENT != 0
            marked |= word["marked"]
            end += 1
        is_furniture = False
        if words[first]["start"] >= title_length:
            ends_list = marked and end - first > LONGEST_ITEM
            marker = after_marker or is_marker(reading, words, first, end)
            after_marker = marker and not ends_list
            listed = breaks > 1 and end - first <= LIST_WORDS * breaks
            no_sentence = own < SHORTEST_LINE or listed or frequent == 0
            is_furniture = after_marker or (not marked and no_sentence)
        all_frequent += frequent
        if is_furniture:
            for place in range(np.uintp(first), np.uintp(end)):
                words[place]["passage"] = FURNITURE
            length = 0
        else:
            n_passages, length, in_title = cut_line(
                words, first, end, title_length, n_passages, length, in_title
            )
        first = end
    return Passages(
        n_passages, length, in_title, after_marker, with_letters, all_frequent
    )


@_compiled()
def fill_words(
    code_points: CodePoints,
    title_length: Index,
    reading: Reading,
    words: Words,
    letters: Letters,
) -> tuple[Index, int, int, int]:
    """Reads a text, some lines at a time.

    If all is furniture, none is; so too if all below a title is, unless a marker made
    it so.

    Returns how many words there are, and how many passages; how many of the words have
    letters, and how many are frequent in Persian alone.
    """
    passages = Passages(0, 0, True, False, 0, 0)
    place: Index = 0
    count: Index = 0
    n_letters: Index = 0
    while place < len(code_points):
        place, n_tokens, n_letters = read_tokens(
            code_points, reading, words, letters, place, count, n_letters
        )
        first = count
        count = join_tokens(reading, words, letters, first, n_tokens)
        passages = cut_passages(
            reading, words, letters, first, count, title_length, passages
        )
    n_passages = passages.n_passages
    if n_passages == 0 or (passages.in_title and not passages.after_marker):
        n_passages, _, _ = cut_line(words, 0, count, title_length, 0, 0, True)
    return count, n_passages, passages.with_letters, passages.frequent


@_compiled(inline="always")
def add_row(records: Records, slot: np.uint64, sums: Sums) -> None:
    """Adds the weights and the squared norm of a record to `sums`.

    Those of the first half line, nearly always all, in a loop of a length that the
    compiler knows.
    """
    rows = records.view(np.float32)
    for column in range(BESIDE_KEY):
        sums[column] += rows[slot, column + FIRST_WEIGHT]
    for column in range(BESIDE_KEY, np.uintp(len(sums))):
        sums[column] += rows[slot, column + FIRST_WEIGHT]


@_compiled()
def longest_ngram(
    weights: Weights, spelling: Letters, start: int, sure: bool
) -> np.uint64:
    """The longest known n-gram of a word that begins at `start`: its slot, or UNKNOWN.

    Unless one is to be `sure`, what the filter lets pass is taken for known, and the
    answer is a key, 0 where none is known.
    """
    length = min(len(spelling), LONGEST_SPELLING)
    key = EDGE if start < 0 else np.uint64(spelling[np.uintp(start)])
    found = UNKNOWN if sure else np.uint64(0)
    for place in range(start + 1, min(start + LONGEST_NGRAM, length + 1)):
        letter = np.uint64(spelling[np.uintp(place)]) if place < length else EDGE
        key = key * HASH_BASE + letter
        if place - start + 1 < SHORTEST_NGRAM:
            continue
        if not may_hold(weights.ngram_filter, key):
            break
        if not sure:
            found = key
            continue
        slot = slot_of(weights.ngrams, key)
        if weights.ngrams[slot, KEY] != key:
            break
        found = np.uint64(slot)
    return found


@_compiled()
def add_ngrams(weights: Weights, spelling: Letters, room: Keys, sums: Sums) -> None:
    """Adds the records of a word's n-grams to `sums`: of each place, the longest.

    All keys go before all look-ups, which then wait for memory together.
    """
    if is_digit(spelling[0]):
        return
    n_starts = min(len(spelling), LONGEST_SPELLING)
    for start in range(n_starts):
        room[np.uintp(start)] = longest_ngram(weights, spelling, start - 1, False)
    for start in range(n_starts):
        key = room[np.uintp(start)]
        slot = np.uint64(slot_of(weights.ngrams, key))
        if weights.ngrams[slot, KEY] != key:
            slot = longest_ngram(weights, spelling, start - 1, True)
        room[np.uintp(start)] = slot if key != 0 else UNKNOWN
    for start in range(np.uintp(n_starts)):
        if room[start] != UNKNOWN:
            add_row(weights.ngrams, room[start], sums)


@_compiled(inline="always")
def find_words(weights: Weights, words: Words, keys: Keys, slots: Keys) -> int:
    """Writes the keys of a passage's words, and the slots of their records.

    UNKNOWN is for a word that has none. Returns how many have one.

    Nearly all that have one have it at home, and those are found first, without a
    branch: the processor asks for many rows at a time.
    """
    known = 0
    for word in range(np.uintp(len(words))):
        key = words[word]["key"]
        home = home_of(weights.words, key)
        keys[word] = key
        slots[word] = home if weights.words[home, KEY] == key else UNKNOWN
    for word in range(np.uintp(len(words))):
        if slots[word] == UNKNOWN:
            slot = slot_of(weights.words, keys[word])
            if weights.words[slot, KEY] != keys[word]:
                continue
            slots[word] = slot
        known += 1
    return known


@_compiled(inline="always")
def add_word(
    weights: Weights,
    words: Words,
    letters: Letters,
    word: Index,
    slot: np.uint64,
    room: Keys,
    sums: Sums,
) -> None:
    """Adds a word's record to `sums`, or those of its n-grams."""
    if slot != UNKNOWN:
        add_row(weights.words, slot, sums)
    else:
        spelling = letters[words[word]["spelled_from"] : words[word]["spelled_to"]]
        add_ngrams(weights, spelling, room, sums)


@_compiled(inline="always")
def times_before(keys: Keys, seen: Keys, word: Index) -> int:
    """How often a word stands earlier in its passage; marks it as `seen`, bit by bit.

    Nearly all are there once, and not seen: that spares the comparisons.
    """
    place = keys[word] * MIX >> SEEN_SHIFT
    bit = ONE << (place & np.uint64(63))
    place >>= np.uint64(6)
    earlier = 0
    if seen[place] & bit:
        for other in range(word):
            earlier += keys[other] == keys[word]
    seen[place] |= bit
    return earlier


@_compiled(inline="always")
def scale_of(squared_norm: float) -> float:
    """One over the norm of a passage, or 0 where no word is known."""
    return 1.0 / np.sqrt(squared_norm) if squared_norm > 0.0 else 0.0


@_compiled(inline="always")
def score_passage(
    weights: Weights,
    words: Words,
    letters: Letters,
    rooms: Rooms,
    sums: Sums,
    values: Row,
) -> int:
    """Writes the decision values of a passage's words to `values`.

    Returns how many words are known. The squared norm is the sum over distinct words of
    (count x norm)^2. `rooms` and `sums` are room to work in.
    """
    n_topics = np.uintp(len(values))
    sums[:] = 0.0
    squared_norm = 0.0
    keys, slots, room, seen = rooms[0], rooms[1], rooms[2], rooms[3]
    seen[:] = 0
    known = find_words(weights, words, keys, slots)
    for word in range(np.uintp(len(words))):
        before = sums[n_topics]
        add_word(weights, words, letters, word, slots[word], room, sums)
        norm = sums[n_topics] - before
        squared_norm += (2 * times_before(keys, seen, word) + 1) * norm
    scale = scale_of(squared_norm)
    for topic in range(n_topics):
        values[topic] = sums[topic] * scale + weights.intercepts[topic]
    return known


@_compiled()
def fill_shares(
    weights: Weights, words: Words, letters: Letters, rooms: Rooms, rows: Rows
) -> None:
    """Writes each word's share of its passage's decision values to `rows`, zeros.

    They add up to the decision values without the intercepts.
    """
    n_topics = np.uintp(len(weights.intercepts))
    squared_norm = 0.0
    keys, slots, room, seen = rooms[0], rooms[1], rooms[2], rooms[3]
    seen[:] = 0
    find_words(weights, words, keys, slots)
    for word in range(np.uintp(len(words))):
        add_word(weights, words, letters, word, slots[word], room, rows[word])
        norm = rows[word, n_topics]
        squared_norm += (2 * times_before(keys, seen, word) + 1) * norm
    rows *= scale_of(squared_norm)


@_compiled()
def fill_evidence(
    weights: Weights,
    words: Words,
    letters: Letters,
    best: NDArray[np.int64],
    least: float,
    rooms: Rooms,
    rows: Rows,
    spans: NDArray[np.int64],
    shares: Rows,
) -> None:
    """Writes where each topic's best passage has its heaviest words, and their shares.

    A word that weighs no more than `least` of the heaviest is left out; where there are
    no more, shares are 0. `rows`, one for each word of a passage, are room to work in.
    """
    shares[:] = 0.0
    for topic in range(len(best)):
        passage = words[best[topic, 0] : best[topic, 1]]
        n_words = len(passage)
        rows[:n_words] = 0.0
        fill_shares(weights, passage, letters, rooms, rows[:n_words])
        above = 0.0
        for rank in range(shares.shape[1]):
            heaviest = 0
            for word in range(1, n_words):
                if rows[word, topic] > rows[heaviest, topic]:
                    heaviest = word
            if n_words == 0 or rows[heaviest, topic] <= above:
                break
            shares[topic, rank] = rows[heaviest, topic]
            spans[topic, rank, 0] = passage[heaviest]["start"]
            spans[topic, rank, 1] = passage[heaviest]["end"]
            above = least * shares[topic, 0]
            rows[heaviest, topic] = 0.0


@_compiled()
def score_words(
    weights: Weights,
    words: Words,
    letters: Letters,
    n_passages: int,
    rooms: Rooms,
    room: Row,
    scores: Row,
    best: NDArray[np.int64],
) -> int:
    """Writes the score of each topic, and where its best passage begins and ends.

    Returns how many words are known. `rooms` and `room` are room to work in.
    """
    calibration = weights.calibration
    n_topics = len(calibration)
    values = room[:n_topics]
    highest = room[n_topics : 2 * n_topics]
    total = room[2 * n_topics : 3 * n_topics]
    sums = room[3 * n_topics :]
    highest[:] = -np.inf
    total[:] = 0.0
    known = 0
    n_words = np.uintp(len(words))
    first = np.uintp(0)
    while first < n_words:
        passage = words[first]["passage"]
        end = first + ONE
        while end < n_words and words[end]["passage"] == passage:
            end += ONE
        if passage != FURNITURE:
            passage_words = words[first:end]
            known += score_passage(weights, passage_words, letters, rooms, sums, values)
            for topic in range(n_topics):
                total[topic] += values[topic]
                if values[topic] > highest[topic]:
                    highest[topic] = values[topic]
                    best[topic, 0] = first
                    best[topic, 1] = end
        first = end
    log_n_passages = np.log(n_passages)
    for topic in range(n_topics):
        log_odds = (
            calibration[topic, 0] * highest[topic]
            + calibration[topic, 1] * (total[topic] / n_passages)
            + calibration[topic, 2] * log_n_passages
            + calibration[topic, 3] * np.log(best[topic, 1] - best[topic, 0])
            + calibration[topic, 4]
        )
        scores[topic] = 1.0 / (1.0 + np.exp(-log_odds))
    return known


@_compiled()
def fill_article(
    characters: Characters,
    expansions: NDArray[np.uint32],
    kinds: Kinds,
    together: Slots,
    together_filter: Filter,
    known_words: Records,
    ngrams: Records,
    ngram_filter: Filter,
    intercepts: NDArray[np.float64],
    calibration: NDArray[np.float64],
    code_points: CodePoints,
    title_length: int,
    words: Words,
    letters: Letters,
    rooms: Rooms,
    room: Row,
    scores: Row,
    best: NDArray[np.int64],
) -> tuple[Index, int, int, int]:
    """Reads and scores an article.

    The arrays are those of `Reading`, `Weights` and `Workspace`, one by one: a tuple of
    arrays takes longer to hand over.

    Returns how many words there are, and how many have letters, are frequent in Persian
    alone, are known.
    """
    reading = Reading(characters, expansions, kinds, together, together_filter)
    weights = Weights(known_words, ngrams, ngram_filter, intercepts, calibration)
    count, n_passages, with_letters, frequent = fill_words(
        code_points, title_length, reading, words, letters
    )
    words = words[:count]
    known = 0
    if n_passages:
        known = score_words(
            weights, words, letters, n_passages, rooms, room, scores, best
        )
    else:
        scores[:] = 0.0
        best[:] = 0
    return count, with_letters, frequent, known


class Workspace(NamedTuple):
    """What an article is read and scored in, and the next one over it."""

    words: Words  # (code points + 1,), the most there can be
    letters: Letters  # (code points x LONGEST_EXPANSION + 1,)
    rooms: Rooms  # for a passage: its words' keys, their slots, n-grams, bits
    room: Row  # (3 topics + `width_of` them,)
    scores: Row  # (topics,)
    best: NDArray[np.int64]  # (topics, 2)


def workspace(n_points: int, n_topics: int) -> Workspace:
    """A place for articles of so many code points, however few words they have.

    What is never written to takes no memory.
    """
    return Workspace(
        np.empty(n_points + 1, WORD),
        np.empty(n_points * LONGEST_EXPANSION + 1, np.uint32),
        np.empty((4, LONGEST_PASSAGE), np.uint64),
        np.empty(3 * n_topics + width_of(n_topics)),
        np.empty(n_topics),
        np.empty((n_topics, 2), np.int64),
    )


def read_words(
    code_points: CodePoints, title_length: int, reading: Reading
) -> tuple[int, Words, Letters]:
    """The words of a text, numbered by passages.

    The text is a title of `title_length` code points, a line break and a text.
    Returns how many passages there are, the words and their letters.
    """
    words, letters, *_ = workspace(len(code_points), 0)
    count, n_passages, *_ = fill_words(
        code_points, title_length, reading, words, letters
    )
    return n_passages, words[:count], letters


type Score = Callable[..., tuple[Index, int, int, int]]
"""Scores an article: (code points, length of the title, *`Workspace`) -> four counts.

The article is given as `read_words` wants it. The workspace must be for as many code
points and topics at least. Its words, the calibrated probabilities and where the best
passages begin and end are left there; without a word the last two are 0. Counted are
the words, those that have letters, those that are frequent in Persian alone, and those
that the model knows, site furniture aside.
"""


def scorer(reading: Reading, weights: Weights) -> Score:
    """What scores articles by these tables, compiled.

    numba would look at the type of every argument at every call, which takes as long
    as to score a headline. Here nothing does: code points are what `code_points` of
    `features.py` gives, a workspace what `workspace` gives.
    """
    tables: tuple[Any, ...] = *reading, *weights
    article = np.empty(1, np.uint32), 0, *workspace(1, len(weights.intercepts))
    fill = fill_article.compile(tuple(map(typeof, (*tables, *article))))
    return functools.partial(fill, *tables)


def find_evidence(
    weights: Weights, space: Workspace, most: int, least: float
) -> tuple[NDArray[np.int64], Rows]:
    """The words that speak for each topic in its best passage, heaviest first.

    Args:
        weights: Those that the article was scored with.
        space: Where a `Score` has left it.
        most: How many words of a topic are found at most.
        least: Of the heaviest word's share; a word with no more is left out.

    Returns:
        Shape (topics, most, 2): the code points of the text where each begins and ends.
        Shape (topics, most): its share of the passage's decision value, which is the
        sum of all words' shares and the intercept; 0 where there are no more words.
    """
    n_topics = len(space.best)
    spans = np.empty((n_topics, most, 2), np.int64)
    shares = np.empty((n_topics, most))
    rows = np.empty((LONGEST_PASSAGE, width_of(n_topics)))
    fill_evidence(
        weights,
        space.words,
        space.letters,
        space.best,
        least,
        space.rooms,
        rows,
        spans,
        shares,
    )
    return spans, shares
