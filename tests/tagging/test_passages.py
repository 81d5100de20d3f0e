"""An article into passages: the title, then sentences, neither short nor long."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tagging import features
from service.tagging.kernel import LONGEST_PASSAGE, SHORTEST_PASSAGE, Reading
from tests.tagging.persian import texts

Cut = Callable[[str, str], list[list[str]]]
SHORT = "یک دو سه. "
FULL = " ".join(["واژه"] * SHORTEST_PASSAGE) + ". "


@pytest.fixture(scope="session")
def cut(reading: Reading) -> Cut:
    return lambda title, text: [*features.passages(title, text, reading)]


def lengths(passages: list[list[str]]) -> list[int]:
    return [len(passage) for passage in passages]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", []),
        (" \n . ", []),
        (SHORT, [3]),
        (SHORT * 2, [6]),
        (SHORT * 4, [9, 3]),
        (SHORT + FULL, [3 + SHORTEST_PASSAGE]),
        (FULL + SHORT, [SHORTEST_PASSAGE, 3]),
        (FULL * 3, [SHORTEST_PASSAGE] * 3),
        (FULL.replace(".", "،") * 3, [3 * SHORTEST_PASSAGE]),
        ("واژه " * LONGEST_PASSAGE, [LONGEST_PASSAGE]),
        ("واژه " * (2 * LONGEST_PASSAGE + 1), [LONGEST_PASSAGE, LONGEST_PASSAGE, 1]),
    ],
)
def test_lengths(text: str, expected: list[int], cut: Cut) -> None:
    assert lengths(cut("", text)) == expected


@pytest.mark.parametrize(
    ("title", "expected"),
    [
        ("نفت", [1, 3]),
        ("نفت. گاز؟ برق", [3, 3]),
        (FULL * 2, [2 * SHORTEST_PASSAGE, 3]),
        ("واژه " * (LONGEST_PASSAGE + 2), [LONGEST_PASSAGE, 2, 3]),
        ("...", [3]),
        (" \n", [3]),
    ],
)
def test_title_stands_alone(title: str, expected: list[int], cut: Cut) -> None:
    assert lengths(cut(title, SHORT)) == expected


def test_no_word_spans_title_and_text(cut: Cut) -> None:
    assert cut("می", "شود") == [["می"], ["شود"]]
    assert cut("راه", "آهن") == [["راه"], ["اهن"]]
    assert cut("تحریم", "های نفتی") == [["تحریم"], ["های", "نفتی"]]


@pytest.mark.parametrize("title", ["نفت", "نفت\n", "\nنفت"])
def test_title_alone(title: str, cut: Cut) -> None:
    assert cut(title, "") == [["نفت"]]


@given(title=texts, text=texts)
def test_nothing_is_lost(title: str, text: str, reading: Reading, cut: Cut) -> None:
    def words(content: str) -> list[str]:
        return [word for passage in cut("", content) for word in passage]

    passages = cut(title, text)
    assert all(0 < len(passage) <= LONGEST_PASSAGE for passage in passages)
    found = [word for passage in passages for word in passage]
    assert found == words(title) + words(text)


@given(sentences=st.lists(st.integers(1, 2 * LONGEST_PASSAGE), max_size=12))
def test_cut_depends_on_lengths_alone(sentences: list[int], cut: Cut) -> None:
    text = ". ".join("واژه " * length for length in sentences)
    expected: list[int] = []
    open_passage = False
    for length in sentences:
        if open_passage and expected[-1] < SHORTEST_PASSAGE:
            expected[-1] += length
        else:
            expected.append(length)
        while expected[-1] > LONGEST_PASSAGE:
            expected[-1:] = [LONGEST_PASSAGE, expected[-1] - LONGEST_PASSAGE]
        open_passage = True
    assert lengths(cut("", text)) == expected
