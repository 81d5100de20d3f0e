import json
from pathlib import Path

import pytest

from service.tagging.features import build_reading
from service.tagging.model_file import Model, frozen
from training import counted
from training.counted import count_articles
from training.gold import GoldError
from training.seed_files import SeedError
from training.seeds import read_seeds

SENTENCE = "{} نفت و گاز و برق در تهران و چند شهر دیگر گران شد"
ARTICLES = [
    {
        "title": f"خبر {place}",
        "text": ". ".join(SENTENCE.format(word) for word in (place, "دیروز", "فردا")),
        "grades": {"energy": grade, "football": 0},
    }
    for place, grade in (("یکم", 2), ("دوم", 1), ("سوم", 0))
]


def write(path: Path, articles: list[dict[str, object]]) -> Path:
    path.write_text("\n".join(map(json.dumps, articles)), "utf-8")
    return path


@pytest.fixture(autouse=True)
def one_reading(model: Model, monkeypatch: pytest.MonkeyPatch) -> None:
    """The small model's, as it takes seconds to build."""
    monkeypatch.setattr(counted, "reading_of", lambda _: model.reading)


@pytest.fixture
def source(tmp_path: Path) -> Path:
    return write(tmp_path / "graded.jsonl", ARTICLES)


def test_counts_and_grades(seeds_folder: Path, source: Path) -> None:
    target = seeds_folder / "counted" / "new.jsonl"
    assert count_articles(seeds_folder, source, target) == 3
    added = [
        seed for seed in read_seeds(seeds_folder).seeds if str(target) in seed.place
    ]
    grades = sorted((sorted(one.topics), sorted(one.borderline)) for one in added)
    assert grades == [([], []), ([], ["energy"]), (["energy"], [])]
    for seed in added:
        assert len(seed.counted) == 4
        assert sum(passage.get("نفت", 0) for passage in seed.counted) == 3
        assert all(passage["و"] == 3 for passage in seed.counted if "نفت" in passage)


def test_nothing_of_the_text_is_left(seeds_folder: Path, source: Path) -> None:
    target = seeds_folder / "counted" / "new.jsonl"
    count_articles(seeds_folder, source, target)
    lines = target.read_text("utf-8").splitlines()
    assert lines == sorted(lines)
    for line in lines:
        entry = json.loads(line)
        keys = ["article", "graded", "topics", "borderline", "passages"]
        assert list(entry) == keys
        assert entry["graded"] == ["energy", "football"]
        for passage in entry["passages"]:
            assert list(passage) == sorted(passage)
            assert not any(" " in word for word in passage)


def test_passages_are_shuffled(seeds_folder: Path, tmp_path: Path) -> None:
    words = ("یکم", "دوم", "سوم", "چهارم", "پنجم", "ششم", "هفتم", "هشتم")
    text = ". ".join(SENTENCE.format(word) for word in words)
    article = {"text": text, "grades": ARTICLES[0]["grades"]}
    target = tmp_path / "new.jsonl"
    count_articles(seeds_folder, write(tmp_path / "one.jsonl", [article]), target)
    passages = json.loads(target.read_text("utf-8"))["passages"]
    order = [next(word for word in words if word in passage) for passage in passages]
    assert sorted(order) == sorted(words)
    assert order != list(words)


def test_passages_of_marked_sentences_carry(seeds_folder: Path, tmp_path: Path) -> None:
    sentences = [
        SENTENCE.format(word) for word in ("یکم", "دوم", "سوم", "چهارم", "پنجم")
    ]
    article = {
        "title": "خبر",
        "text": ". ".join(sentences),
        "grades": ARTICLES[0]["grades"],
        "carrying": {"energy": [sentences[1], sentences[3]]},
    }
    target = seeds_folder / "counted" / "new.jsonl"
    count_articles(seeds_folder, write(tmp_path / "one.jsonl", [article]), target)
    seed = read_seeds(seeds_folder).seeds[-1]
    marked = [seed.counted[place] for place in seed.carrying["energy"]]
    assert [{"دوم", "چهارم"} & set(passage) for passage in marked] in (
        [{"دوم"}, {"چهارم"}],
        [{"چهارم"}, {"دوم"}],
    )


def test_marks_are_not_lost(seeds_folder: Path, tmp_path: Path) -> None:
    marked = ARTICLES[0] | {"carrying": {"energy": ["نفت و گاز و برق در تهران"]}}
    target = seeds_folder / "counted" / "new.jsonl"
    count_articles(seeds_folder, write(tmp_path / "one.jsonl", [marked]), target)
    before = target.read_bytes()
    # The words stand in each of three sentences.
    assert len(json.loads(before)["carrying"]["energy"]) == 3
    with pytest.raises(SeedError, match="or marks of these, would be lost"):
        count_articles(
            seeds_folder, write(tmp_path / "one.jsonl", ARTICLES[:1]), target
        )
    assert target.read_bytes() == before


def test_mark_that_is_in_no_passage_is_refused(
    seeds_folder: Path, tmp_path: Path
) -> None:
    sentence = SENTENCE.format("یکم")
    article = {
        "id": "a17",
        "text": f"{sentence}.\nنفت گران شد",
        "grades": ARTICLES[0]["grades"],
        "carrying": {"energy": [sentence, "نفت گران شد", "هرا"]},
    }
    no_words = article | {"id": "a18", "text": "* *", "carrying": {"energy": ["*"]}}
    source = write(tmp_path / "graded.jsonl", [*ARTICLES, article, no_words])
    target = seeds_folder / "counted" / "new.jsonl"
    with pytest.raises(GoldError) as raised:
        count_articles(seeds_folder, source, target)
    told, *unread = str(raised.value).split("\n")
    assert told.startswith(f"{source}: what is read as site furniture, or is no whole")
    assert unread == [
        "article a17, energy: 'نفت گران شد'",
        "article a17, energy: 'هرا'",
        "article a18, energy: '*'",
    ]
    assert not target.exists()


def test_same_articles_give_the_same_file(seeds_folder: Path, source: Path) -> None:
    targets = [source.with_name(name) for name in ("a.jsonl", "b.jsonl")]
    for target in targets:
        count_articles(seeds_folder, source, target)
    assert targets[0].read_bytes() == targets[1].read_bytes()


def test_article_is_known_however_its_words_are_counted(
    seeds_folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def articles() -> list[str]:
        target = source.with_name("new.jsonl")
        count_articles(seeds_folder, source, target)
        lines = target.read_text("utf-8").splitlines()
        return [json.loads(line)["article"] for line in lines]

    before = articles()
    assert len(set(before)) == 3
    otherwise = frozen(build_reading(["نفتوگاز"]))
    monkeypatch.setattr(counted, "reading_of", lambda _: otherwise)
    assert articles() == before


def test_article_given_twice_is_counted_once(
    seeds_folder: Path, tmp_path: Path
) -> None:
    source = write(tmp_path / "graded.jsonl", [*ARTICLES, ARTICLES[0]])
    target = seeds_folder / "counted" / "new.jsonl"
    assert count_articles(seeds_folder, source, target) == 3
    assert len(target.read_text("utf-8").splitlines()) == 3
    assert read_seeds(seeds_folder)


def test_article_with_half_an_emoji_is_counted(
    seeds_folder: Path, tmp_path: Path
) -> None:
    whole = ARTICLES[0]
    cut = {**whole, "title": f"{whole['title']} \ud83d"}
    source = write(tmp_path / "graded.jsonl", [cut])
    target = seeds_folder / "counted" / "new.jsonl"
    assert count_articles(seeds_folder, source, target) == 1
    added = read_seeds(seeds_folder).seeds[-1].counted
    target.unlink()
    count_articles(seeds_folder, write(source, [whole]), target)
    assert sorted(map(sorted, added)) == sorted(
        map(sorted, read_seeds(seeds_folder).seeds[-1].counted)
    )


def test_article_without_a_word_is_left_out(seeds_folder: Path, tmp_path: Path) -> None:
    empty = {"text": "* * *", "grades": ARTICLES[0]["grades"]}
    source = write(tmp_path / "graded.jsonl", [empty, ARTICLES[0]])
    assert count_articles(seeds_folder, source, tmp_path / "new.jsonl") == 1


def test_folders_are_made(seeds_folder: Path, source: Path, tmp_path: Path) -> None:
    target = tmp_path / "some" / "folder" / "new.jsonl"
    count_articles(seeds_folder, source, target)
    assert [path.name for path in target.parent.iterdir()] == ["new.jsonl"]


def test_failure_leaves_the_old_file(
    seeds_folder: Path, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = source.with_name("new.jsonl")
    count_articles(seeds_folder, write(source, ARTICLES[:1]), target)
    content, before = target.read_bytes(), sorted(target.parent.iterdir())
    write(source, ARTICLES)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        count_articles(seeds_folder, source, target)
    assert target.read_bytes() == content
    assert sorted(target.parent.iterdir()) == before


def test_counted_seeds_of_other_articles_are_not_lost(
    seeds_folder: Path, tmp_path: Path, source: Path
) -> None:
    target = seeds_folder / "counted" / "new.jsonl"
    count_articles(seeds_folder, write(tmp_path / "one.jsonl", ARTICLES[:1]), target)
    count_articles(seeds_folder, source, target)  # the same one among others
    before = target.read_bytes()
    rest = write(tmp_path / "rest.jsonl", ARTICLES[2:])
    with pytest.raises(SeedError, match=r"line \d: 2 seeds of other .* another file"):
        count_articles(seeds_folder, rest, target)
    assert target.read_bytes() == before
    articles = source.read_bytes()
    with pytest.raises(SeedError, match="line 1: 3 seeds of other articles"):
        count_articles(seeds_folder, source, source)
    assert source.read_bytes() == articles


def test_bad_source(seeds_folder: Path, tmp_path: Path) -> None:
    with pytest.raises(GoldError):
        count_articles(seeds_folder, tmp_path / "none.jsonl", tmp_path / "new.jsonl")
    assert not (tmp_path / "new.jsonl").exists()
