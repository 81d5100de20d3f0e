"""Keys and tables mean what the words themselves mean."""

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, reject
from hypothesis import strategies as st

from service.tagging import features, kernel
from service.tagging.kernel import Reading
from service.tagging.text import alphabet
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
    values = {key: value for value, key in enumerate(known, 1)}
    table = features.key_table(values)
    assert len(table) & (len(table) - 1) == 0
    assert len(table) >= 2 * len(known)
    assert {*table[:, kernel.KEY].tolist()} - {0} == known
    for key in {*known, other % 2**64 or 1}:
        slot = kernel.slot_of(table, np.uint64(key))
        assert table[slot].tolist() == [key if key in known else 0, values.get(key, 0)]


@given(known=st.sets(st.integers(1, 2**64 - 1), max_size=200), other=st.integers(1))
def test_record_table(known: set[int], other: int) -> None:
    rows = {key: [place / 2, -place, 1.5] for place, key in enumerate(known)}
    table = features.record_table([*rows], np.array([*rows.values()]).reshape(-1, 3))
    assert len(table) & (len(table) - 1) == 0
    assert 2 * len(table) >= 3 * len(known)
    for key in {*known, other % 2**64 or 1}:
        slot = kernel.slot_of(table, np.uint64(key))
        assert table[slot, kernel.KEY] == (key if key in known else 0)
        found = features.weights_of(table, 6)[slot].tolist()
        assert found == [*rows.get(key, [0.0] * 3), 0.0, 0.0, 0.0]


def test_two_of_one_key() -> None:
    with pytest.raises(ValueError, match="the same key"):
        features.record_table([7, 7], np.zeros((2, 3)))


def test_kind_table_refuses_keys_too_much_alike() -> None:
    with pytest.raises(ValueError, match="nearly the same key"):
        features.kind_table({1: 1, 1 + 2**63: 1})


@given(known=st.sets(st.integers(1, 2**64 - 1), max_size=200))
def test_key_filter(known: set[int]) -> None:
    bits = features.key_filter(features.key_table(dict.fromkeys(known, 1)))
    assert all(kernel.may_hold(bits, np.uint64(key)) for key in known)
    others = np.random.default_rng(1).integers(1, 2**64, 500, np.uint64)
    assert sum(kernel.may_hold(bits, key) for key in others) < 60


@given(
    kinds=st.dictionaries(st.integers(1, 2**64 - 1), st.integers(1, 31), max_size=50),
    other=st.integers(1, 2**64 - 1),
)
def test_kind_table(kinds: dict[int, int], other: int, reading: Reading) -> None:
    try:
        table = features.kind_table(kinds)
    except ValueError:
        reject()
    changed = reading._replace(kinds=table)
    for key in {*kinds, other}:
        assert kernel.kinds_of(changed, np.uint64(key)) == kinds.get(key, 0)


def test_longest_expansion() -> None:
    """No text has more letters than the second array for them has room."""
    entries = (entry for _, entry in alphabet() if isinstance(entry, str))
    assert max(map(len, entries)) == kernel.LONGEST_EXPANSION


@given(left=words, right=words)
def test_key_of_words_together(left: str, right: str) -> None:
    base = int(kernel.HASH_BASE) ** len(right)
    together = (features.key_of(left) * base + features.key_of(right)) % 2**64
    assert features.key_of(left + right) == together
