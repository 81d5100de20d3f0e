"""What the compiled pass means, in plain Python: strings and dicts, no keys or tables.

`service/tagging/kernel.py` is right where it agrees with this file. Only the table of
characters and the lists of affixes are the code's own (`service/tagging/text.py`),
and the numbers that say how long a passage or an n-gram is.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from itertools import groupby, islice, zip_longest
from math import exp, log, sqrt

from service.tagging.kernel import (
    BARRED,
    BEYOND_LATIN,
    BROKEN,
    JOINED,
    LIST_WORDS,
    LONGEST_ITEM,
    LONGEST_MARKER,
    LONGEST_NGRAM,
    LONGEST_PASSAGE,
    LONGEST_SPELLING,
    SHORTEST_LINE,
    SHORTEST_NGRAM,
    SHORTEST_PASSAGE,
)
from service.tagging.language import FREQUENT
from service.tagging.text import (
    BAR,
    BREAK,
    COMMA,
    ENDINGS,
    LINE,
    MARKERS,
    MONTH,
    NOTHING,
    POINT,
    PREFIXES,
    SPACE,
    STOP,
    SUFFIXES,
    canonical,
    spelling,
)

_DIGITS = frozenset("0123456789")
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyz")
_BEFORE_ENDINGS = frozenset("هی")
_MARKERS = frozenset(canonical(marker.replace(" ", "")) for marker in MARKERS)

Row = Sequence[float]  # a weight for each topic, then the squared norm


@dataclass
class Word:
    """A word, or a token that is yet to be one.

    Attributes:
        letters: Canonical, every digit a "0".
        start: Code points of the text before it.
        end: Code points up to its end.
        line: The number of its line.
        sentence: The number of its sentence.
        gap: What parts it from the word before: JOINED, only white space; BARRED, a
            bar or a line's end; BROKEN, anything else, or the end of a sentence.
        marked: Whether a mark after it ends a sentence.
    """

    letters: str
    start: int
    end: int
    line: int
    sentence: int
    gap: int
    marked: bool = False

    @property
    def joins(self) -> bool:
        """Whether it may belong to the word before."""
        return self.gap == JOINED


def read_tokens(text: str) -> list[Word]:
    """Runs of letters or of digits, with their sentences."""
    tokens: list[Word] = []
    line, sentence, inside, gap = 0, 0, False, JOINED
    for place, entry in enumerate(_with_signs_judged(text)):
        if isinstance(entry, str):
            if not inside or _is_digit(entry[0]) != _is_digit(tokens[-1].letters[-1]):
                if not tokens or tokens[-1].sentence != sentence:
                    gap = max(gap, BROKEN)
                tokens.append(Word("", place, place, line, sentence, gap))
                gap = JOINED
            tokens[-1].letters += entry
            inside = True
        elif entry != NOTHING:
            inside = False
            gap = _widened(gap, entry)
            if tokens:
                tokens[-1].marked |= entry >= STOP and tokens[-1].line == line
                sentence += entry > BREAK and tokens[-1].sentence == sentence
            line += entry == LINE
        if inside:  # what vanishes belongs to the word before it
            tokens[-1].end = place + 1
    return [_with_zeros(token) for token in tokens]


def _widened(gap: int, entry: int) -> int:
    """What parts two words, with one more sign between them."""
    if entry == SPACE:
        return gap
    return BARRED if entry in (BAR, LINE) else max(gap, BROKEN)


def _with_signs_judged(text: str) -> list[str | int]:
    """What each character stands for, full stops and commas in their place."""
    entries = [spelling(character) for character in text]
    for place, entry in enumerate(entries):
        if entry in (POINT, COMMA):
            follows = (
                one for one in islice(entries, place + 1, None) if one != NOTHING
            )
            before = _token_before(entries[:place])
            entries[place] = _judged(entry, before, next(follows, SPACE))
    return entries


def _token_before(entries: Sequence[str | int]) -> str:
    letters = ""
    for entry in reversed(entries):
        if entry == NOTHING:
            continue
        if isinstance(entry, int):
            break
        if letters and _is_digit(entry[-1]) != _is_digit(letters[0]):
            break
        letters = entry + letters
    return letters


def _judged(entry: str | int, last: str, follower: str | int) -> str | int:
    """What a full stop or a comma is, from the token before it and what follows it.

    Between digits it is nothing; after a single letter and between Latin letters a full
    stop is a break, as a comma is.
    """
    if _is_digit(last[-1:]) and _is_digit(follower):
        return NOTHING
    if last[-1:] in _LATIN and follower in _LATIN:
        return BREAK
    if len(last) == 1 and not _is_digit(last):
        return BREAK
    return BREAK if entry == COMMA else POINT


def _is_digit(letter: str | int) -> bool:
    return letter in _DIGITS


def _with_zeros(token: Word) -> Word:
    token.letters = re.sub("[0-9]", "0", token.letters)
    return token


def read_words(text: str, compounds: Set[str]) -> list[Word]:
    """Tokens with their affixes and compounds joined."""
    words: list[Word] = []
    after_prefix = False
    tokens = read_tokens(text)
    for token, follower in zip_longest(tokens, tokens[1:]):
        belongs = bool(words) and _belongs(words[-1], token, after_prefix)
        may = token.joins and words[-1].letters == MONTH
        words.append(token)
        if belongs:
            _join_last(words, 2)
        after_prefix = not belongs and token.letters in PREFIXES and not may
        if not after_prefix and not _is_ending(words[-1], follower):
            _join_compound(words, compounds)
    return words


def _is_ending(word: Word, follower: Word | None) -> bool:
    """Whether an ending follows, which belongs to the word before any compound."""
    return (
        follower is not None
        and follower.letters in ENDINGS
        and _belongs(word, follower, False)
    )


def _belongs(word: Word, token: Word, after_prefix: bool) -> bool:
    """Whether a token is an affix of the word before it, or what its prefix wants."""
    if not token.joins:
        return False
    if after_prefix:
        return token.letters[0] != "0"
    if len(word.letters) < 2 or word.letters[-1] == "0":
        return False
    return token.letters in SUFFIXES or (
        token.letters in ENDINGS and word.letters[-1] in _BEFORE_ENDINGS
    )


def _join_compound(words: list[Word], compounds: Set[str]) -> None:
    """Joins the last three words, or else two, where they are a compound."""
    for count in (3, 2):
        parts = words[-count:]
        spaced = len(parts) == count and all(part.joins for part in parts[1:])
        if spaced and "".join(part.letters for part in parts) in compounds:
            _join_last(words, count)
            return


def _join_last(words: list[Word], count: int) -> None:
    """Makes one word of the last `count`."""
    parts = words[-count:]
    del words[1 - count :]
    words[-1].letters = "".join(part.letters for part in parts)
    words[-1].end = parts[-1].end
    words[-1].marked = parts[-1].marked


def cut_passages(words: Sequence[Word], title_length: int) -> list[list[Word]]:
    """The title, then sentences, short ones joined with the next, long ones cut."""
    passages: list[list[Word]] = []
    for run in _between_furniture(words, title_length):
        for place, word in enumerate(run):
            if not place or _begins_passage(passages[-1], word, title_length):
                passages.append([])
            passages[-1].append(word)
    return passages


def _between_furniture(words: Sequence[Word], title_length: int) -> list[list[Word]]:
    """The words that no site furniture parts; all, where there are no others.

    Or none below the title, and no marker counts to the end.
    """
    runs: list[list[Word]] = [[]]
    after_marker = False
    for _, words_of_line in groupby(words, lambda word: word.line):
        line = [*words_of_line]
        if line[0].start < title_length:
            runs[-1].extend(line)
            continue
        marked = any(word.marked for word in line)
        ends_list = marked and len(line) > LONGEST_ITEM
        after_marker = (after_marker or _is_marker(line)) and not ends_list
        own = sum(ord(word.letters[0]) >= BEYOND_LATIN for word in line)
        names_only = not any(word.letters in FREQUENT for word in line)
        no_sentence = own < SHORTEST_LINE or _is_list(line) or names_only
        if after_marker or (no_sentence and not marked):
            runs.append([])
        else:
            runs[-1].extend(line)
    if not any(word.start >= title_length for run in runs for word in run):
        title_alone = any(runs) and after_marker
        return runs[:1] if title_alone else [[*words]]
    return [run for run in runs if run]


def _is_marker(line: Sequence[Word]) -> bool:
    """Whether a line begins or ends with a marker.

    One of a single word must stand alone; where it does not, a longer one may begin so.
    """
    alone = len(line) == 1 or not line[1].joins
    letters = ""
    for place, word in enumerate(line[:LONGEST_MARKER]):
        letters += word.letters
        if letters in _MARKERS and (place > 0 or alone):
            return True
    return len(line) > 1 and "".join(word.letters for word in line[-2:]) in _MARKERS


def _is_list(line: Sequence[Word]) -> bool:
    breaks = sum(word.gap for word in line[1:])
    return breaks > 1 and len(line) <= LIST_WORDS * breaks


def _begins_passage(passage: Sequence[Word], word: Word, title_length: int) -> bool:
    in_title = word.start < title_length
    after_title = passage[-1].start < title_length
    if (after_title and not in_title) or len(passage) == LONGEST_PASSAGE:
        return True
    new_sentence = word.sentence != passage[-1].sentence
    return new_sentence and not in_title and len(passage) >= SHORTEST_PASSAGE


@dataclass(frozen=True)
class Folded:
    """What training folded, under the words' and n-grams' own names."""

    words: Mapping[str, Row]
    ngrams: Mapping[str, Row]
    intercepts: Sequence[float]
    # By best and mean, by logarithms of count and of the best's words, intercept.
    calibration: Sequence[Row]


def ngrams(letters: str) -> Iterator[str]:
    """The n-grams of a word, with a space at both ends; a number has none."""
    if letters[0] == "0":
        return
    padded = f" {letters[:LONGEST_SPELLING]} "
    for start in range(len(padded)):
        for size in range(SHORTEST_NGRAM, LONGEST_NGRAM + 1):
            if start + size <= len(padded):
                yield padded[start : start + size]


def row_of(letters: str, folded: Folded) -> Row:
    """A word's weights and squared norm: its own row, or the sum of its n-grams'."""
    if letters in folded.words:
        return folded.words[letters]
    rows = [folded.ngrams[one] for one in ngrams(letters) if one in folded.ngrams]
    return [sum(column) for column in zip(*rows, strict=True)] or [0.0] * (
        len(folded.intercepts) + 1
    )


def share_passage(passage: Sequence[Word], folded: Folded) -> list[list[float]]:
    """What each word adds to the passage's decision values, topic by topic."""
    rows = [row_of(word.letters, folded) for word in passage]
    norms = {word.letters: row[-1] for word, row in zip(passage, rows, strict=True)}
    times = Counter(word.letters for word in passage)
    squared = sum(times[letters] ** 2 * norm for letters, norm in norms.items())
    scale = 1 / sqrt(squared) if squared > 0 else 0.0
    return [[weight * scale for weight in row[:-1]] for row in rows]


def score_passage(passage: Sequence[Word], folded: Folded) -> list[float]:
    """A passage's decision value for each topic."""
    shares = share_passage(passage, folded)
    return [
        sum(share) + intercept
        for *share, intercept in zip(*shares, folded.intercepts, strict=True)
    ]


def score_article(passages: Sequence[Sequence[Word]], folded: Folded) -> list[float]:
    """The calibrated score of every topic; of an article that has a passage."""
    values = [score_passage(passage, folded) for passage in passages]
    return [
        _calibrated(of_topic, [len(passage) for passage in passages], calibration)
        for *of_topic, calibration in zip(*values, folded.calibration, strict=True)
    ]


def _calibrated(
    values: Sequence[float], n_words: Sequence[int], calibration: Row
) -> float:
    by_best, by_mean, by_count, by_words, intercept = calibration
    best = max(values)
    log_odds = by_best * best + by_mean * sum(values) / len(values)
    log_odds += by_count * log(len(values))
    log_odds += by_words * log(n_words[values.index(best)])
    return 1 / (1 + exp(-log_odds - intercept))


def count_telling(words: Sequence[Word]) -> tuple[int, int]:
    """How many words have letters, and how many are frequent in Persian alone."""
    with_letters = sum(word.letters[0] != "0" for word in words)
    return with_letters, sum(word.letters in FREQUENT for word in words)
