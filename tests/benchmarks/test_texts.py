import pytest

from benchmarks import texts
from service.tagging.tagger import Article

ARTICLE = Article("تیتر", "متن خبر")


@pytest.mark.parametrize("length", [0, 1, 12, 13, 1000])
def test_texts_are_as_long_as_asked(length: int) -> None:
    assert len(texts.real([ARTICLE], length)) == length
    assert len(texts.unseen(length)) == length


def test_articles_stand_one_after_another() -> None:
    assert texts.real([ARTICLE], 20) == "تیتر\nمتن خبر\nتیتر\nمت"


def test_unseen_words_are_the_same_in_every_run() -> None:
    assert texts.unseen(500) == texts.unseen(500)


def test_distinct_words_are_distinct() -> None:
    words = texts.distinct(50_000).split(" ")
    assert len(words) == len(set(words)) == 50_000


def test_hostile_texts_are_what_they_are_called() -> None:
    hostile = texts.hostile(1000)
    million = hostile.pop("a million distinct words")
    assert million.count(" ") == 999_999
    assert {len(text) for text in hostile.values()} == {1000}
    assert set(hostile["only newlines"]) == {"\n"}
    assert " " not in hostile["one endless word"]
