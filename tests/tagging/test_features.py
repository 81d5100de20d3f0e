"""Keys and tables mean what the words themselves mean."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tagging import features, kernel
from tests.tagging import twin

words = st.text(st.sampled_from("ابپنفتهی0az"), min_size=1, max_size=40)


@given(word=words)
def test_ngrams(word: str) -> None:
    assert features.ngrams(word) == Counter(twin.ngrams(word))


@pytest.mark.parametrize("word", ["0", "000", "0ها"])
def test_numbers_have_no_ngrams(word: str) -> None:
    assert not features.ngrams(word)


@given(known=st.sets(st.integers(1, 2**64 - 1), max_size=200), other=st.integers(1))
def test_key_table(known: set[int], other: int) -> None:
    table = features.key_table(known)
    rows = {key: row for row, key in enumerate(known, 1)}
    beside = features.beside(table, rows)
    assert len(table) & (len(table) - 1) == 0
    assert len(table) >= 2 * len(known)
    assert {*table.tolist()} - {0} == known
    for key in {*known, other % 2**64 or 1}:
        slot = kernel.slot_of(table, table.dtype.type(key))
        assert int(beside[slot]) == rows.get(key, 0)


@given(left=words, right=words)
def test_key_of_words_together(left: str, right: str) -> None:
    base = int(kernel.HASH_BASE) ** len(right)
    together = (features.key_of(left) * base + features.key_of(right)) % 2**64
    assert features.key_of(left + right) == together
