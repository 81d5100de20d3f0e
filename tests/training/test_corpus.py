import numpy as np
import pytest

from service.tagging.kernel import Reading
from service.tagging.topics import Topic
from training.corpus import FOLDS, build_corpus, count_passages, is_held_out
from training.seeds import Seed, SeedSet

TOPICS = tuple(Topic(name, name, name, "", "") for name in ("energy", "sanctions"))
LONG = "یک دو سه چهار پنج شش هفت هشت نه"  # enough words to be a passage


def seed(text: str, *topics: str, **changes: object) -> Seed:
    values: dict[str, object] = {
        "title": "",
        "text": text,
        "topics": frozenset(topics),
        "borderline": frozenset(),
        "whole": False,
        "counted": (),
        "kind": "test",
        "place": "test, line 1",
    }
    return Seed(**(values | changes))  # type: ignore[arg-type]  # whatever is changed


def corpus_of(reading: Reading, *seeds: Seed):  # noqa: ANN201
    return build_corpus(SeedSet(TOPICS, seeds, ""), seeds, reading)


class TestCountPassages:
    def test_words_are_canonical_sorted_and_counted(self, reading: Reading) -> None:
        (passage,) = count_passages("", "نفت و گاز، نفت و تحريم‌هاي 25 روزه", reading)
        assert passage == {
            "نفت": 2, "و": 2, "گاز": 1, "تحریمهای": 1, "00": 1, "روزه": 1
        }  # fmt: skip
        assert list(passage) == sorted(passage)

    def test_title_is_a_passage(self, reading: Reading) -> None:
        passages = count_passages("گرانی نفت", f"{LONG}. {LONG}", reading)
        assert [sum(passage.values()) for passage in passages] == [2, 9, 9]

    def test_no_word(self, reading: Reading) -> None:
        assert count_passages("", "* * *", reading) == []


class TestBuildCorpus:
    def test_counts(self, reading: Reading) -> None:
        corpus = corpus_of(reading, seed("نفت گاز نفت"), seed("گاز برق"))
        assert corpus.words == sorted(corpus.words, key=corpus.words.index)
        column = {word: place for place, word in enumerate(corpus.words)}
        dense = corpus.counts.toarray()
        assert dense[0, column["نفت"]] == 2
        assert dense[:, column["گاز"]].tolist() == [1, 1]
        assert dense.sum() == 5

    def test_passage_seed_is_one_passage(self, reading: Reading) -> None:
        corpus = corpus_of(reading, seed(f"{LONG}. {LONG}"))
        assert corpus.owner.tolist() == [0]
        assert set(corpus.counts.toarray().ravel()) == {2.0}

    def test_article_seed_keeps_its_passages(self, reading: Reading) -> None:
        article = seed(f"{LONG}. {LONG}", "energy", title="گرانی", whole=True)
        corpus = corpus_of(reading, seed("نفت"), article, seed("گاز"))
        assert corpus.owner.tolist() == [0, 1, 1, 1, 2]
        assert corpus.whole.tolist() == [False, True, False]

    def test_counted_seed_is_taken_as_it_is(self, reading: Reading) -> None:
        counted = seed("", whole=True, counted=({"نفت": 3}, {"گاز": 1, "نفت": 1}))
        corpus = corpus_of(reading, counted)
        assert corpus.words == ["نفت", "گاز"]
        assert corpus.counts.toarray().tolist() == [[3, 0], [1, 1]]

    def test_grades(self, reading: Reading) -> None:
        borderline = seed("ب", borderline=frozenset({"sanctions"}))
        corpus = corpus_of(reading, seed("ا", "energy"), borderline, seed("پ"))
        assert corpus.grades.tolist() == [[2, 0], [0, 1], [0, 0]]
        assert corpus.n_seeds == 3
        assert np.array_equal(corpus.passage_grades, corpus.grades)
        ungraded = seed("ت", "energy", ungraded=frozenset({"sanctions"}))
        assert corpus_of(reading, ungraded).grades.tolist() == [[2, 1]]

    def test_grades_of_an_articles_passages(self, reading: Reading) -> None:
        both = ("energy", "sanctions")
        counted = ({"نفت": 1}, {"گاز": 1}, {"تحریم": 1})
        article = seed("", *both, whole=True, counted=counted)
        marked = seed("", *both, whole=True, counted=counted, carrying={"energy": (1,)})
        corpus = corpus_of(reading, article, marked)
        unmarked = [[3, 3]] * 3
        assert corpus.passage_grades.tolist() == [*unmarked, [1, 3], [2, 3], [1, 3]]

    def test_words_of_passages(self, reading: Reading) -> None:
        counted = seed("", whole=True, counted=({"نفت": 3}, {"گاز": 1, "نفت": 1}))
        assert corpus_of(reading, counted).n_words.tolist() == [3, 2]


class TestSplits:
    @pytest.fixture(scope="class")
    @staticmethod
    def seeds() -> list[Seed]:
        return [seed(f"متن {number}") for number in range(6000)]

    def test_a_twelfth_is_held_out(self, seeds: list[Seed]) -> None:
        share = np.mean([is_held_out(one) for one in seeds])
        assert share == pytest.approx(1 / 12, abs=0.01)

    def test_folds_are_even_and_stable(
        self, seeds: list[Seed], reading: Reading
    ) -> None:
        learned = [one for one in seeds[:1200] if not is_held_out(one)]
        folds = corpus_of(reading, *learned).fold
        shares = np.bincount(folds, minlength=FOLDS) / len(folds)
        assert shares == pytest.approx(1 / FOLDS, abs=0.05)
        backwards = corpus_of(reading, *reversed(learned)).fold
        assert backwards[::-1].tolist() == folds.tolist()
