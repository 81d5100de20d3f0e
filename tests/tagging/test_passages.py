"""An article into passages: the title, then sentences, neither short nor long."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.tagging import features
from service.tagging.kernel import (
    LONGEST_ITEM,
    LONGEST_PASSAGE,
    SHORTEST_PASSAGE,
    Reading,
)
from tests.tagging.conftest import Spell
from tests.tagging.persian import texts

Cut = Callable[[str, str], list[list[str]]]
SHORT = "یک دو سه. "
LONG = "واژه، " * (LONGEST_ITEM + 1)
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
    assert cut("می", "شود.") == [["می"], ["شود"]]
    assert cut("راه", "آهن.") == [["راه"], ["اهن"]]
    assert cut("تحریم", "های نفتی.") == [["تحریم"], ["های", "نفتی"]]


@pytest.mark.parametrize("title", ["نفت", "نفت\n", "\nنفت"])
def test_title_alone(title: str, cut: Cut) -> None:
    assert cut(title, "") == [["نفت"]]


@given(title=texts, text=texts)
def test_long_marked_lines_are_not_lost(
    title: str, text: str, cut: Cut, words_of: Spell
) -> None:
    text = "\n".join(f"{line} {LONG}!" for line in text.splitlines())
    passages = cut(title, text)
    assert all(0 < len(passage) <= LONGEST_PASSAGE for passage in passages)
    found = [word for passage in passages for word in passage]
    assert found == words_of(title) + words_of(text)


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


NEWS = (
    "شرکت نفت در نشست خبری امروز خود از شروع تولید تازه در دو میدان مشترک "
    "یاران و سپهر خبر داد."
)
PLAIN = "شرکت نفت امروز از شروع تولید تازه در میدان یاران خبر داد"


@pytest.mark.parametrize(
    ("furniture", "why"),
    [
        ("خانه", "short"),
        ("XS SM MD LG", "short"),
        ("انرژی | تجارت | تحریم | نفت و گاز", "a list"),
        ("صفحه نخست › اقتصاد بین الملل › نفت و گاز", "a path, whose bars count twice"),
        ("نفت، گاز، برق، بنزین، تحریم", "a list"),
        ("خانه نفت گاز برق بازار راه بندر ورزش هنر جامعه فیلم کتاب", "names only"),
        ("برچسب\u200cها: " + PLAIN, "begun by a marker"),
        (f"بیشتر بخوانید\n{PLAIN}\n{PLAIN} کرد", "after a marker"),
        (f"بیشتر بخوانید:\nنفت گران شد؟\n{PLAIN}!", "marked, but short"),
        (
            "موضوعات مرتبط با نفت و گاز ایران در سال گذشته و امسال تا امروز",
            "begun by a marker that begins as another",
        ),
        (f"به کانال ما بیایید که {PLAIN}", "begun by a marker of three words"),
    ],
)
def test_furniture_is_left_out(furniture: str, why: str, cut: Cut) -> None:
    expected = cut("", NEWS)
    assert cut("", f"{NEWS}\n{furniture}") == expected, why
    assert cut("", f"{furniture}\n{NEWS}") == expected, why
    assert cut("تیتر", f"{furniture}\n\n{NEWS}\r\n{furniture}")[1:] == expected, why


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (PLAIN, "long enough"),
        ("نفت گران شد!", "marked"),
        (
            "منبع آگاه گفت نفت ایران امروز در بازار جهان باز گران شد",
            "a marker that is an ordinary word",
        ),
        (
            "موضوعات تازه و مرتبط با نفت و گاز در نشست امروز مطرح شد",
            "a marker that something parts",
        ),
        ("به کانال سوئز امروز سه کشتی نفت از ایران و عراق رسید", "about a canal"),
        ("به گزارش خبرگزاری، نفت ایران امروز در بازار جهان باز گران شد", "one break"),
    ],
)
def test_sentences_stay(line: str, why: str, cut: Cut) -> None:
    assert len(cut("", f"{NEWS}\n{line}")) == len(cut("", f"{NEWS}\n{line}.")), why
    assert cut("", f"{line}\n{NEWS}") != cut("", NEWS), why


def test_a_marked_line_ends_furniture(cut: Cut) -> None:
    text = f"بیشتر بخوانید\n{PLAIN}\n{NEWS}\n{PLAIN}"
    assert cut("", text) == cut("", f"{NEWS}\n{PLAIN}")


@pytest.mark.parametrize("stop", ["!", "؟ ", "… ", "\u200f. ", " - ! "])
def test_a_stop_that_opens_a_line_does_not_mark_the_line_before(
    stop: str, cut: Cut
) -> None:
    parted = [NEWS.rstrip(".").split(), PLAIN.split()]
    assert cut("", f"{NEWS}\nخانه نفت\n{stop}{PLAIN}") == parted
    assert cut("", f"{NEWS}\n{PLAIN}\nخانه نفت\n{stop}")[0][-1] != "نفت"
    assert cut("", f"{NEWS}\nخانه نفت{stop}\n{PLAIN}")[1][:2] == ["خانه", "نفت"]


def test_all_furniture_is_read(cut: Cut) -> None:
    assert cut("", "خانه | نفت") == [["خانه", "نفت"]]
    assert cut("", "نفت\nگاز") == [["نفت", "گاز"]]
    assert cut("تیتر خبر", "نفت\nگاز") == [["تیتر", "خبر"], ["نفت", "گاز"]]
    assert cut("تیتر خبر", "بیشتر بخوانید\nنفت\nگاز") == [["تیتر", "خبر"]]
