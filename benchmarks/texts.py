"""Texts of any length: real words, words nobody has seen, and worse."""

import itertools
import random
from collections.abc import Sequence

from service.tagging.tagger import Article

_LETTERS = "ابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
_WORD_LENGTHS = (2, 10)
_WORDS_A_SENTENCE = 20
_DISTINCT_LETTERS = 4  # 32^4 words, more than a million
_MARK = "\u064e"  # fatha, which is written over a letter
_REPEATED = "با"


def real(articles: Sequence[Article], length: int) -> str:
    """Articles one after another, again and again."""
    together = "\n".join(f"{one.title}\n{one.text}" for one in articles) + "\n"
    return (together * (length // len(together) + 1))[:length]


def unseen(length: int) -> str:
    """Words of random letters in sentences."""
    chosen = random.Random(length)  # noqa: S311 - a text, not a secret
    pieces: list[str] = []
    remaining = length
    while remaining > 0:
        words = (unseen_word(chosen) for _ in range(_WORDS_A_SENTENCE))
        pieces.append(" ".join(words) + ". ")
        remaining -= len(pieces[-1])
    return "".join(pieces)[:length]


def unseen_word(chosen: random.Random) -> str:
    """A word of random letters, as long as Persian ones."""
    return "".join(chosen.choices(_LETTERS, k=chosen.randint(*_WORD_LENGTHS)))


def distinct(count: int) -> str:
    """So many words, no two the same."""
    words = itertools.product(_LETTERS, repeat=_DISTINCT_LETTERS)
    return " ".join(map("".join, itertools.islice(words, count)))


def hostile(length: int) -> dict[str, str]:
    """What a text should not be, by name."""
    word = _REPEATED * 10
    return {
        "one endless word": "س" * length,
        "a million distinct words": distinct(1_000_000),
        "only combining marks": _MARK * length,
        "only newlines": "\n" * length,
        "words of one n-gram again and again": (f"{word} " * length)[:length],
    }
