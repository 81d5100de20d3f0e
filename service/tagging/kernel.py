"""The compiled pass: code points to words, words to passages, passages to scores.

    code points ──read_tokens──▶ tokens ──join_tokens──▶ words ──mark_furniture──▶
    words of sentences ──cut_passages──▶ passages ──score_passage──▶ decision values
    ──score_article──▶ a score for each topic

Every step walks its input once and writes flat arrays that `read_words` allocates
from the length of the text. Three kinds of table steer it: `Reading` (characters and
word rules), `Weights` (what training folded) and the open-addressed key tables in
both, whose size is a power of two and whose free slots hold the key 0.

A word's key is the polynomial hash of its canonical letters modulo 2^64, so the key
of two words written together follows from their two keys and the second's length.
Known keys and n-grams are found by one look-up; the n-grams of a word are read only
where the word itself is not known.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from service.tagging.text import (
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
PREFIX, SUFFIX, ENDING = 1, 2, 4

SHORTEST_NGRAM, LONGEST_NGRAM = 3, 6
LONGEST_SPELLING = 24  # letters of a word that its n-grams are taken from
SHORTEST_PASSAGE = 8  # words; shorter sentences are joined with the next
LONGEST_PASSAGE = 60  # words; longer sentences are cut
SHORTEST_LINE = 5  # words, Latin ones aside; a shorter line without a mark is furniture
LIST_WORDS = 3  # words for each break in a line; with no more it is a list
LONGEST_MARKER = 5  # words
FURNITURE = -1  # stands for the passage of words that belong to none


Keys = NDArray[np.uint64]
CodePoints = NDArray[np.uint32]
Row = NDArray[np.float64]


class Reading(NamedTuple):
    """How characters become words; packed by `features.py` from `text.py`."""

    page_of: NDArray[np.uint16]  # by code point >> 8: which page of 256 entries
    pages: NDArray[np.uint32]  # kind, letter, or EXPANDS | offset << 5 | length
    expansions: NDArray[np.uint32]  # letters of the entries that expand
    affix_keys: NDArray[np.uint64]  # open-addressed
    affix_kinds: NDArray[np.uint8]  # beside affix_keys: PREFIX | SUFFIX | ENDING
    month: NDArray[np.uint64]  # one key: the word after which "می" is May
    compounds: NDArray[np.uint64]  # open-addressed: words that may be written apart
    furniture: NDArray[np.uint64]  # open-addressed: what begins lines of furniture
    frequent: NDArray[np.uint64]  # open-addressed: words frequent in Persian alone


class Weights(NamedTuple):
    """What training folded: a row of topics' weights and a squared norm."""

    word_keys: NDArray[np.uint64]  # open-addressed
    word_rows: NDArray[np.int32]  # beside word_keys: the word's row
    words: NDArray[np.float64]  # (words, topics + 1), squared norm last
    ngram_keys: NDArray[np.uint64]  # open-addressed
    ngram_rows: NDArray[np.int32]
    ngrams: NDArray[np.float64]  # (n-grams, topics + 1), squared norm last
    intercepts: NDArray[np.float64]  # (topics,)
    calibration: NDArray[np.float64]  # (topics, 4): best, mean, log count, intercept


class Words(NamedTuple):
    """The words of one text; only the first `count` places are filled."""

    key: NDArray[np.uint64]
    start: NDArray[np.int32]  # code points of the text
    end: NDArray[np.int32]
    spelled_from: NDArray[np.int32]  # places in `letters`
    spelled_to: NDArray[np.int32]
    line: NDArray[np.int32]
    sentence: NDArray[np.int32]
    passage: NDArray[np.int32]  # or FURNITURE
    joins: NDArray[np.bool_]  # only white space parts it from the word before
    marked: NDArray[np.bool_]  # a mark after it ends a sentence
    letters: NDArray[np.uint32]  # canonical, without anything between words


class Scores(NamedTuple):
    """What one article scores, a place for each topic."""

    score: NDArray[np.float64]  # calibrated probability
    best_passage: NDArray[np.int64]  # its first word and the word after its last
    best_passage_end: NDArray[np.int64]


@njit(nogil=True, cache=True, inline="always")
def slot_of(keys: Keys, key: np.uint64) -> np.int64:
    """Where an open-addressed table holds a key, or the free slot where it would."""
    mask = len(keys) - 1
    slot = np.int64((key * MIX) >> np.uint64(32)) & mask
    while keys[slot] != 0 and keys[slot] != key:
        slot = (slot + 1) & mask
    return slot


@njit(nogil=True, cache=True, inline="always")
def entry_of(reading: Reading, code_point: np.uint32) -> np.uint32:
    """What the character table says of a code point."""
    page = np.int64(reading.page_of[code_point >> 8])
    entry: np.uint32 = reading.pages[(page << 8) | (code_point & 255)]
    return entry


@njit(nogil=True, cache=True, inline="always")
def is_digit(letter: np.uint32) -> np.bool_:
    """Whether a canonical letter is a digit; all digits are spelled "0" in keys."""
    return ZERO <= letter <= NINE


@njit(nogil=True, cache=True)
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


@njit(nogil=True, cache=True)
def read_tokens(code_points: CodePoints, reading: Reading, words: Words) -> int:
    """Runs of letters or of digits, with their sentences; returns how many."""
    count = 0
    line = 0
    line_start = 0
    sentence = 0
    sentence_start = 0
    n_letters = 0
    last = np.uint32(0)  # the letter before, 0 outside a token
    joins = True
    for place in range(len(code_points)):
        entry = entry_of(reading, code_points[place])
        if entry in (POINT, COMMA):
            length = n_letters - words.spelled_from[count] if last else 0
            entry = kind_of_point(reading, code_points, place, last, length)
        if entry == NOTHING:
            continue
        if entry < FIRST_LETTER:
            if last:
                words.end[count] = place
                words.spelled_to[count] = n_letters
                count += 1
                last = np.uint32(0)
            joins = joins and entry == SPACE
            if entry >= STOP and count > line_start:
                words.marked[count - 1] = True
            if entry == LINE:
                line += 1
                line_start = count
            if entry > BREAK and count > sentence_start:
                sentence += 1
                sentence_start = count
            continue
        offset = np.int64(0)
        length = 1
        letter = entry
        if entry & EXPANDS:
            offset = np.int64(entry & ~EXPANDS) >> 5
            length = np.int64(entry & np.uint32(31))
            letter = reading.expansions[offset]
        if last and is_digit(letter) != is_digit(last):
            words.end[count] = place
            words.spelled_to[count] = n_letters
            count += 1
            last = np.uint32(0)
        if not last:
            words.key[count] = 0
            words.start[count] = place
            words.spelled_from[count] = n_letters
            words.line[count] = line
            words.sentence[count] = sentence
            words.joins[count] = joins and count > sentence_start
            words.marked[count] = False
            joins = True
        for step in range(length):
            if step:
                letter = reading.expansions[offset + step]
            last = letter
            if is_digit(letter):
                letter = np.uint32(ZERO)
            words.key[count] = words.key[count] * HASH_BASE + np.uint64(letter)
            words.letters[n_letters] = letter
            n_letters += 1
    if last:
        words.end[count] = len(code_points)
        words.spelled_to[count] = n_letters
        count += 1
    return count


@njit(nogil=True, cache=True)
def key_together(key: np.uint64, follower: np.uint64, length: int) -> np.uint64:
    """The key of two words written as one, the second of `length` letters."""
    base = HASH_BASE
    while length > 0:
        if length & 1:
            key *= base
        base *= base
        length >>= 1
    return key + follower


@njit(nogil=True, cache=True, inline="always")
def affix_kind(affix_keys: Keys, affix_kinds: NDArray[np.uint8], key: np.uint64) -> int:
    """What kinds of affix a token may be: PREFIX, SUFFIX, ENDING, or none, 0."""
    slot = slot_of(affix_keys, key)
    return int(affix_kinds[slot]) if affix_keys[slot] == key else 0


@njit(nogil=True, cache=True)
def takes_affix(length: int, last: np.uint32, kind: int) -> bool:
    """Whether a word of `length` letters, the last one given, takes an affix."""
    if length < SHORTEST_STEM or is_digit(last):
        return False
    return bool(kind & SUFFIX) or (bool(kind & ENDING) and last in (HEH, YEH))


@njit(nogil=True, cache=True)
def join_tokens(reading: Reading, words: Words, n_tokens: int) -> int:
    """Glues affixes and compounds, in place; returns how many words are left.

    The tables stand in variables of their own: taking one out of its tuple costs more
    than most steps of this loop.
    """
    key, start, end, spelled_from, spelled_to = words[:5]
    line, sentence, _, joins, marked, letters = words[5:]
    affix_keys, affix_kinds = reading.affix_keys, reading.affix_kinds
    compounds, month = reading.compounds, reading.month[0]
    count = 0
    after_prefix = False
    kind = affix_kind(affix_keys, affix_kinds, key[0]) if n_tokens else 0
    for token in range(n_tokens):
        next_kind = 0
        if token + 1 < n_tokens:
            next_kind = affix_kind(affix_keys, affix_kinds, key[token + 1])
        last = count - 1
        glues = False
        if joins[token] and count:
            if after_prefix:
                glues = not is_digit(letters[spelled_from[token]])
            elif kind:
                stem = spelled_to[last] - spelled_from[last]
                glues = takes_affix(stem, letters[spelled_to[last] - 1], kind)
        if glues:
            length = spelled_to[token] - spelled_from[token]
            key[last] = key_together(key[last], key[token], length)
            end[last] = end[token]
            spelled_to[last] = spelled_to[token]
            marked[last] = marked[token]
            after_prefix = False
        else:
            in_may = joins[token] and key[last] == month
            after_prefix = kind & PREFIX != 0 and not in_may
            last = count
            key[last] = key[token]
            start[last] = start[token]
            end[last] = end[token]
            spelled_from[last] = spelled_from[token]
            spelled_to[last] = spelled_to[token]
            line[last] = line[token]
            sentence[last] = sentence[token]
            joins[last] = joins[token]
            marked[last] = marked[token]
            count += 1
        kind = next_kind
        if after_prefix or not joins[last] or not last:
            continue
        # An ending belongs to the word, not to the compound: شناخته شده + اند.
        stem = spelled_to[last] - spelled_from[last]
        ending = kind & ENDING and joins[token + 1]
        if ending and takes_affix(stem, letters[spelled_to[last] - 1], kind):
            continue
        # The compound of the last two words, or of three that are written together.
        two = key_together(key[last - 1], key[last], stem)
        first = last
        if last > 1 and joins[last - 1]:
            length = spelled_to[last] - spelled_from[last - 1]
            three = key_together(key[last - 2], two, length)
            if compounds[slot_of(compounds, three)] == three:
                first = last - 2
                key[first] = three
        if first == last and compounds[slot_of(compounds, two)] == two:
            first = last - 1
            key[first] = two
        if first < last:
            end[first] = end[last]
            spelled_to[first] = spelled_to[last]
            marked[first] = marked[last]
            count = first + 1
    return count


@njit(nogil=True, cache=True, inline="always")
def is_beyond_latin(words: Words, word: int) -> bool:
    """Whether a word is of another script than Latin and no number."""
    return bool(words.letters[words.spelled_from[word]] >= BEYOND_LATIN)


@njit(nogil=True, cache=True)
def is_marker(reading: Reading, words: Words, first: int, end: int) -> bool:
    """Whether a line begins or ends as site furniture does."""
    key = np.uint64(0)
    for word in range(first, min(end, first + LONGEST_MARKER)):
        length = words.spelled_to[word] - words.spelled_from[word]
        key = key_together(key, words.key[word], length)
        if reading.furniture[slot_of(reading.furniture, key)] == key:
            # One word alone, as in "منبع: …", is an ordinary word in "منبع آگاه".
            alone = word + 1 == end or not words.joins[word + 1]
            if word > first or alone:
                return True
    if end < first + 2:
        return False
    length = words.spelled_to[end - 1] - words.spelled_from[end - 1]
    key = key_together(words.key[end - 2], words.key[end - 1], length)
    return bool(reading.furniture[slot_of(reading.furniture, key)] == key)


@njit(nogil=True, cache=True)
def mark_furniture(
    reading: Reading, words: Words, count: int, title_length: int
) -> bool:
    """Tells sentences from site furniture: writes 0 or FURNITURE as words' passages.

    A line that no mark ends is furniture where it is short, a list, a marker or after
    one. Returns whether anything else is left.
    """
    after_marker = False
    anything = False
    first = 0
    while first < count:
        end = first
        breaks = 0
        own = 0
        marked = False
        while end < count and words.line[end] == words.line[first]:
            breaks += end > first and not words.joins[end]
            own += is_beyond_latin(words, end)
            marked = marked or words.marked[end]
            end += 1
        kind = 0
        if words.start[first] >= title_length:
            marker = is_marker(reading, words, first, end)
            after_marker = not marked and (marker or after_marker)
            few = own < SHORTEST_LINE
            listed = breaks > 1 and end - first <= LIST_WORDS * breaks
            if not marked and (after_marker or few or listed):
                kind = FURNITURE
        anything = anything or kind == 0
        words.passage[first:end] = kind
        first = end
    return anything


@njit(nogil=True, cache=True)
def cut_passages(words: Words, count: int, title_length: int) -> int:
    """Numbers the passages and returns how many there are.

    The title is one; then sentences, short ones joined with the next, long ones cut.
    Furniture stays as it is marked.
    """
    n_passages = 0
    length = 0  # words of the passage under way
    for word in range(count):
        if words.passage[word] == FURNITURE:
            length = 0
            continue
        if length:
            title_ends = words.start[word] >= title_length > words.start[word - 1]
            new_sentence = words.sentence[word] != words.sentence[word - 1]
            in_title = words.start[word] < title_length
            if (
                title_ends
                or length == LONGEST_PASSAGE
                or (new_sentence and length >= SHORTEST_PASSAGE and not in_title)
            ):
                length = 0
        n_passages += length == 0
        words.passage[word] = n_passages - 1
        length += 1
    return n_passages


@njit(nogil=True, cache=True)
def read_words(
    code_points: CodePoints, title_length: int, reading: Reading
) -> tuple[int, int, Words]:
    """The words of a text, numbered by passages.

    The text is a title of `title_length` code points, a line break and a text.
    Returns how many words there are, how many passages, and the words.
    """
    room = len(code_points) + 1
    room_for_letters = np.int64(room)
    for code_point in code_points:
        entry = entry_of(reading, code_point)
        if entry & EXPANDS:
            room_for_letters += np.int64(entry & np.uint32(31))
    words = Words(
        np.empty(room, np.uint64),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.int32),
        np.empty(room, np.bool_),
        np.empty(room, np.bool_),
        np.empty(room_for_letters, np.uint32),
    )
    n_tokens = read_tokens(code_points, reading, words)
    count = join_tokens(reading, words, n_tokens)
    if not mark_furniture(reading, words, count, title_length):
        words.passage[:count] = 0
    return count, cut_passages(words, count, title_length), words


@njit(nogil=True, cache=True)
def add_ngrams(
    ngram_keys: Keys,
    ngram_rows: NDArray[np.int32],
    ngrams: Row,
    letters: NDArray[np.uint32],
    row: Row,
) -> None:
    """Adds the n-grams of a word that is not known to `row`."""
    if is_digit(letters[0]):
        return
    length = min(len(letters), LONGEST_SPELLING)
    for start in range(-1, length - 1):
        key = np.uint64(0)
        for size in range(1, LONGEST_NGRAM + 1):
            place = start + size - 1
            if place > length:
                break
            letter = EDGE
            if 0 <= place < length:
                letter = np.uint64(letters[place])
            key = key * HASH_BASE + letter
            if size >= SHORTEST_NGRAM:
                slot = slot_of(ngram_keys, key)
                if ngram_keys[slot] == key:
                    ngram = ngram_rows[slot]
                    for column in range(len(row)):
                        row[column] += ngrams[ngram, column]


@njit(nogil=True, cache=True)
def weigh_words(weights: Weights, words: Words, first: int, end: int) -> Row:
    """The weights and squared norm of each word of a passage.

    Returns shape (words, topics + 1).
    """
    key, spelled_from, spelled_to, letters = (
        words.key,
        words.spelled_from,
        words.spelled_to,
        words.letters,
    )
    word_keys, word_rows, known = weights.word_keys, weights.word_rows, weights.words
    ngram_keys, ngram_rows = weights.ngram_keys, weights.ngram_rows
    ngrams = weights.ngrams
    rows = np.empty((end - first, known.shape[1]))
    for word in range(first, end):
        row = rows[word - first]
        slot = slot_of(word_keys, key[word])
        if word_keys[slot] == key[word]:
            row[:] = known[word_rows[slot]]
        else:
            row[:] = 0.0
            spelling = letters[spelled_from[word] : spelled_to[word]]
            add_ngrams(ngram_keys, ngram_rows, ngrams, spelling, row)
    return rows


@njit(nogil=True, cache=True)
def scale_of(keys: Keys, squared_norms: Row) -> float:
    """One over the norm of a passage, or 0 where no word is known.

    The norm is the root of the sum over distinct words of (count x norm)^2.
    """
    total = 0.0
    for word in range(len(keys)):
        earlier = 0
        for other in range(word):
            earlier += keys[other] == keys[word]
        total += (2 * earlier + 1) * squared_norms[word]
    return 1.0 / np.sqrt(total) if total > 0.0 else 0.0


@njit(nogil=True, cache=True)
def score_passage(
    weights: Weights, words: Words, first: int, end: int, values: Row
) -> None:
    """Writes a passage's decision values to `values`, one for each topic."""
    rows = weigh_words(weights, words, first, end)
    n_topics = len(values)
    scale = scale_of(words.key[first:end], rows[:, n_topics])
    for topic in range(n_topics):
        total = 0.0
        for word in range(end - first):
            total += rows[word, topic]
        values[topic] = total * scale + weights.intercepts[topic]


@njit(nogil=True, cache=True)
def share_passage(weights: Weights, words: Words, first: int, end: int) -> Row:
    """Each word's share of a passage's decision values, without the intercepts.

    Returns shape (words of the passage, topics).
    """
    rows = weigh_words(weights, words, first, end)
    n_topics = len(weights.intercepts)
    scale = scale_of(words.key[first:end], rows[:, n_topics])
    return rows[:, :n_topics] * scale


@njit(nogil=True, cache=True)
def count_telling(words: Words, count: int, reading: Reading) -> tuple[int, int]:
    """How many words have letters, and how many are frequent in Persian alone."""
    with_letters = 0
    frequent = 0
    for word in range(count):
        if not is_digit(words.letters[words.spelled_from[word]]):
            with_letters += 1
            key = words.key[word]
            slot = slot_of(reading.frequent, key)
            frequent += reading.frequent[slot] == key
    return with_letters, frequent


@njit(nogil=True, cache=True)
def score_article(
    code_points: CodePoints, title_length: int, reading: Reading, weights: Weights
) -> tuple[int, int, Words, Scores]:
    """Reads and scores one article.

    Returns how many words have letters, how many of them are frequent in Persian
    alone, the words, and the scores, which mean nothing where there is no word.
    """
    count, n_passages, words = read_words(code_points, title_length, reading)
    with_letters, frequent = count_telling(words, count, reading)
    n_topics = len(weights.intercepts)
    best = np.full(n_topics, -np.inf)
    mean = np.zeros(n_topics)
    best_passage = np.zeros(n_topics, np.int64)
    best_passage_end = np.zeros(n_topics, np.int64)
    values = np.empty(n_topics)
    first = 0
    while first < count:
        end = first + 1
        while end < count and words.passage[end] == words.passage[first]:
            end += 1
        if words.passage[first] == FURNITURE:
            first = end
            continue
        score_passage(weights, words, first, end, values)
        for topic in range(n_topics):
            mean[topic] += values[topic] / n_passages
            if values[topic] > best[topic]:
                best[topic] = values[topic]
                best_passage[topic] = first
                best_passage_end[topic] = end
        first = end
    score = np.zeros(n_topics)
    if n_passages:
        for topic in range(n_topics):
            by_best, by_mean, by_count, intercept = weights.calibration[topic]
            log_odds = by_best * best[topic] + by_mean * mean[topic]
            log_odds += by_count * np.log(n_passages) + intercept
            score[topic] = 1.0 / (1.0 + np.exp(-log_odds))
    return with_letters, frequent, words, Scores(score, best_passage, best_passage_end)
