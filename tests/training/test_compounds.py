import pytest

import training.compounds
from training.compounds import compounds


@pytest.fixture
def short_list(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three words for hazm's list, which is read anew and not remembered."""
    words = [("راه\u200cآهن",), ("کتاب",), ("پیش\u200cبینی",)]
    monkeypatch.setattr(training.compounds, "words_list", lambda: words)
    listed = training.compounds._listed.__wrapped__
    monkeypatch.setattr(training.compounds, "_listed", listed)


def test_hazm_list_is_in() -> None:
    found = compounds([])
    assert "راهاهن" in found
    assert len(found) > 1000
    assert found == sorted(set(found))


@pytest.mark.usefixtures("short_list")
def test_sorted_and_distinct() -> None:
    found = compounds(
        ["پیش\u200cران راه\u200cآهن " * 3], ["پیش\u200cران", "راه\u200cآهن"]
    )
    assert found == ["راهاهن", "پیشبینی", "پیشران"]


@pytest.mark.usefixtures("short_list")
def test_names_are_compounds_whatever_their_words() -> None:
    names = ["بانك صادرات", "می نگارد", "گاز اشک\u200cآور"]
    found = set(compounds([], names=names)) - set(compounds([]))
    assert found == {"بانکصادرات", "مینگارد", "گازاشکاور"}


@pytest.mark.usefixtures("short_list")
def test_texts_add_what_they_often_spell() -> None:
    text = "تخته\u200cشاسی"
    before = compounds([])
    assert "تختهشاسی" not in before
    assert compounds([f"{text} {text}", "یک تخته شاسی"]) == before
    assert set(compounds([f"{text} {text}", text])) - set(before) == {"تختهشاسی"}


@pytest.mark.usefixtures("short_list")
def test_spelling_is_canonical() -> None:
    often = "تخته\u200cشاسي " * 3
    assert "تختهشاسی" in compounds([often])


@pytest.mark.usefixtures("short_list")
def test_affixes_are_no_compounds() -> None:
    often = "می\u200cنگارد نگاره\u200cها نگاره\u200cای " * 3
    assert compounds([often]) == compounds([])


@pytest.mark.usefixtures("short_list")
def test_longer_than_three_parts_is_none() -> None:
    often = "الف\u200cب\u200cپ\u200cت " * 3
    assert compounds([often]) == compounds([])
