import json
from pathlib import Path

import pytest

from service.tagging.tagger import Article
from training.gold import GoldError, as_graded, read_gold
from training.seeds import SeedSet, read_seeds

TOPICS = ("energy", "football")
LINE = {"text": "متن", "grades": {"energy": 2, "football": 0}}


def write(path: Path, *lines: object) -> Path:
    path.write_text(
        "\n".join(
            line if isinstance(line, str) else json.dumps(line) for line in lines
        ),
        "utf-8",
    )
    return path


class TestReadGold:
    def test_lines(self, tmp_path: Path) -> None:
        path = write(
            tmp_path / "gold.jsonl",
            LINE,
            "",
            LINE | {"title": "عنوان", "slice": "feed", "half": "b", "id": 7},
            LINE
            | {
                "title": None,
                "half": "a",
                "grades": {"energy": 1, "football": 2, "x": 9},
            },
            "",
        )
        first, second, third = read_gold(path, TOPICS)
        assert (first.article, first.grades) == (Article("", "متن"), LINE["grades"])
        assert first.groups == ()
        assert [one.id for one in (first, second, third)] == ["1", "7", "4"]
        assert second.article == Article("عنوان", "متن")
        assert second.groups == ("slice feed", "half b", "feed b")
        assert third.groups == ("half a",)
        assert third.grades == {"energy": 1, "football": 2}
        assert third.carrying == {}

    def test_carrying_sentences(self, tmp_path: Path) -> None:
        marked = LINE | {"title": "عنوان", "carrying": {"energy": ["عنوان", "متن"]}}
        path = write(tmp_path / "gold.jsonl", marked)
        assert read_gold(path, TOPICS)[0].carrying == {"energy": ("عنوان", "متن")}
        assert read_gold(path, ())[0].carrying == {}

    @pytest.mark.parametrize(
        "line",
        [
            "{",
            "[]",
            {"text": "متن"},
            {"grades": LINE["grades"]},
            LINE | {"grades": {"energy": 2}},
            LINE | {"grades": {"energy": 2, "football": 3}},
            LINE | {"grades": {"energy": 2, "football": "0"}},
            LINE | {"grades": {"energy": 2, "football": 0.5}},
            LINE | {"grades": [2, 0]},
            LINE | {"text": 5},
            LINE | {"text": None},
            LINE | {"title": 5},
            "[" * 100_000,
            "5" * 5_000,  # more digits than Python reads
        ],
    )
    def test_bad_line_is_told(self, tmp_path: Path, line: object) -> None:
        path = write(tmp_path / "gold.jsonl", LINE, line)
        with pytest.raises(GoldError) as refused:
            read_gold(path, TOPICS)
        assert str(refused.value).startswith(
            f"{path}, line 2: write an object with text and a grade of 0, 1 or 2 for "
            "each of energy, football ("
        )

    @pytest.mark.parametrize(
        "carrying",
        [
            ["متن"],
            {"energy": []},
            {"energy": 5},
            {"energy": "متن"},
            {"energy": [5]},
            {"energy": [""]},
            {"energy": ["دیگر"]},
            {"football": ["متن"]},
            {"enrgy": ["متن"]},
        ],
    )
    def test_bad_marks_are_told(self, tmp_path: Path, carrying: object) -> None:
        path = write(tmp_path / "gold.jsonl", LINE, LINE | {"carrying": carrying})
        with pytest.raises(
            GoldError, match=r"line 2: .*; carrying has topics of grade"
        ):
            read_gold(path, TOPICS)

    def test_missing_file(self, tmp_path: Path) -> None:
        with pytest.raises(GoldError, match="cannot be read"):
            read_gold(tmp_path / "none.jsonl", TOPICS)

    def test_not_utf8(self, tmp_path: Path) -> None:
        path = tmp_path / "gold.jsonl"
        path.write_bytes("متن".encode("cp1256"))
        with pytest.raises(GoldError, match="cannot be read"):
            read_gold(path, TOPICS)

    def test_empty_file(self, tmp_path: Path) -> None:
        with pytest.raises(GoldError, match="holds no article"):
            read_gold(write(tmp_path / "gold.jsonl", "", ""), TOPICS)


class TestAsGraded:
    def test_articles_and_passages_are_grouped(self, seed_set: SeedSet) -> None:
        groups = {one.groups for one in as_graded(seed_set.seeds, TOPICS)}
        assert groups == {("articles",), ("passages",)}

    def test_grades_and_counted_seeds(self, seeds_folder: Path) -> None:
        seeds = read_seeds(seeds_folder).seeds
        graded = as_graded(seeds, TOPICS)
        assert len(graded) == len(seeds) - 8  # a counted seed has no text
        for seed, one in zip(seeds, graded, strict=False):
            assert one.article == Article(seed.title, seed.text)
            assert {
                topic for topic, grade in one.grades.items() if grade
            } == seed.topics
