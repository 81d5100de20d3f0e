"""What the compiled pass means, in plain Python: strings and dicts, no keys or tables.

`service/tagging/kernel.py` is right where it agrees with this file. Only the table of
characters and the lists of affixes are the code's own (`service/tagging/text.py`),
and the numbers that say how long a passage or an n-gram is.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass
from math import exp, log, sqrt

from service.tagging.kernel import (
    LONGEST_NGRAM,
    LONGEST_PASSAGE,
    LONGEST_SPELLING,
    SHORTEST_NGRAM,
    SHORTEST_PASSAGE,
)
from service.tagging.language import FREQUENT
from service.tagging.text import (
    BREAK,
    COMMA,
    HEH,
    HEH_ENDINGS,
    MONTH,
    NOTHING,
    POINT,
    PREFIXES,
    SPACE,
    SUFFIXES,
    spelling,
)

_DIGITS = frozenset("0123456789")
_LATIN = frozenset("abcdefghijklmnopqrstuvwxyz")

Row = Sequence[float]  # a weight for each topic, then the squared norm


@dataclass
class Word:
    """A word, or a token that is yet to be one.

    Attributes:
        letters: Canonical, every digit a "0".
        start: Code points of the text before it.
        end: Code points up to its end.
        sentence: The number of its sentence.
        joins: Whether only white space parts it from the word before.
    """

    letters: str
    start: int
    end: int
    sentence: int
    joins: bool


def read_tokens(text: str) -> list[Word]:
    """Runs of letters or of digits, with their sentences."""
    tokens: list[Word] = []
    entries = [spelling(character) for character in text]
    open_token = False
    joins = True
    sentence = 0
    for place, entry in enumerate(entries):
        last = tokens[-1].letters if open_token else ""
        if entry in (POINT, COMMA):
            entry = _judged(entry, last, entries[place + 1 : place + 2])
        if entry == NOTHING:
            continue
        if isinstance(entry, int):
            if open_token:
                tokens[-1].end = place
            open_token = False
            joins = joins and entry == SPACE
            if entry > BREAK and tokens and tokens[-1].sentence == sentence:
                sentence += 1
            continue
        if open_token and _is_digit(entry[0]) != _is_digit(last[-1]):
            tokens[-1].end = place
            open_token = False
        if not open_token:
            first = not tokens or tokens[-1].sentence != sentence
            tokens.append(Word("", place, len(text), sentence, joins and not first))
            joins = True
        open_token = True
        tokens[-1].letters += entry
    return [_with_zeros(token) for token in tokens]


def _judged(entry: int, last: str, follows: Sequence[str | int]) -> int:
    """What a full stop or a comma is, from the token it ends and what follows it.

    Between digits it is nothing; after a single letter and between Latin letters a full
    stop is a break, as a comma is.
    """
    follower = follows[0] if follows and isinstance(follows[0], str) else ""
    if _is_digit(last[-1:]) and _is_digit(follower):
        return NOTHING
    if last[-1:] in _LATIN and follower in _LATIN:
        return BREAK
    if len(last) == 1 and not _is_digit(last):
        return BREAK
    return BREAK if entry == COMMA else POINT


def _is_digit(letter: str) -> bool:
    return letter in _DIGITS


def _with_zeros(token: Word) -> Word:
    token.letters = re.sub("[0-9]", "0", token.letters)
    return token


def read_words(text: str, compounds: Set[str]) -> list[Word]:
    """Tokens with their affixes and compounds joined."""
    words: list[Word] = []
    after_prefix = False
    for token in read_tokens(text):
        belongs = bool(words) and _belongs(words[-1], token, after_prefix)
        may = token.joins and words[-1].letters == MONTH
        words.append(token)
        if belongs:
            _join_last(words, 2)
        after_prefix = not belongs and token.letters in PREFIXES and not may
        if not after_prefix:
            _join_compound(words, compounds)
    return words


def _belongs(word: Word, token: Word, after_prefix: bool) -> bool:
    """Whether a token is an affix of the word before it, or what its prefix wants."""
    if not token.joins:
        return False
    if after_prefix:
        return token.letters[0] != "0"
    if len(word.letters) < 2 or word.letters[-1] == "0":
        return False
    return token.letters in SUFFIXES or (
        token.letters in HEH_ENDINGS and word.letters[-1] == HEH
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


def cut_passages(words: Sequence[Word], title_length: int) -> list[list[Word]]:
    """The title, then sentences, short ones joined with the next, long ones cut."""
    passages: list[list[Word]] = []
    for word in words:
        if not passages or _begins_passage(passages[-1], word, title_length):
            passages.append([])
        passages[-1].append(word)
    return passages


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
    calibration: Sequence[Row]  # by best, by mean, by logarithm of count, intercept


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
        _calibrated(of_topic, calibration)
        for *of_topic, calibration in zip(*values, folded.calibration, strict=True)
    ]


def _calibrated(values: Sequence[float], calibration: Row) -> float:
    by_best, by_mean, by_count, intercept = calibration
    log_odds = by_best * max(values) + by_mean * sum(values) / len(values)
    return 1 / (1 + exp(-log_odds - by_count * log(len(values)) - intercept))


def count_telling(words: Sequence[Word]) -> tuple[int, int]:
    """How many words have letters, and how many are frequent in Persian alone."""
    with_letters = sum(word.letters[0] != "0" for word in words)
    return with_letters, sum(word.letters in FREQUENT for word in words)
