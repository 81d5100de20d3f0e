import numpy as np
import pytest
import scipy.sparse as sp

from training.corpus import Corpus
from training.pipeline import (
    MIN_PASSAGES,
    Blocks,
    block,
    blocks_of,
    build_blocks,
    fit_topic,
)


def corpus_of(
    passages: list[dict[str, int]],
    *,
    owner: list[int] | None = None,
    grades: list[int] | None = None,
    whole: list[bool] | None = None,
    marked: dict[int, int] | None = None,
) -> Corpus:
    """A corpus of one topic; `marked` are grades of passages of an article."""
    words = sorted({word for passage in passages for word in passage})
    counts = [[passage.get(word, 0) for word in words] for passage in passages]
    owners = np.array(owner or range(len(passages)))
    n_seeds = int(owners.max()) + 1
    graded = np.array(grades or [0] * n_seeds, np.int8)
    of_passages = graded[owners]
    of_passages[np.array(whole or [False] * n_seeds)[owners] & (of_passages == 2)] = 3
    for passage, grade in (marked or {}).items():
        of_passages[passage] = grade
    return Corpus(
        words=words,
        counts=sp.csr_matrix(np.array(counts, float)),
        owner=owners,
        grades=graded[:, None],
        passage_grades=of_passages[:, None],
        whole=np.array(whole or [False] * n_seeds),
        fold=np.zeros(n_seeds, np.int64),
    )


class TestBlock:
    def test_word_and_its_ngrams(self) -> None:
        assert sorted(block("نفت")) == sorted(
            ["=نفت", " نف", "نفت", "فت ", " نفت", "نفت ", " نفت "]
        )

    def test_repeated_ngrams_come_again(self) -> None:
        assert block("ههههه").count("ههه") == 3

    def test_number_has_no_ngrams(self) -> None:
        assert block("00") == ["=00"]


@pytest.fixture
def blocks() -> Blocks:
    return build_blocks(corpus_of([{"نفت": 1, "گاز": 2}, {"نفت": 1}, {"گازی": 3}]))


class TestBlocks:
    def test_rare_features_are_dropped(self, blocks: Blocks) -> None:
        assert MIN_PASSAGES == 2
        assert "=نفت" in blocks.names
        assert "=گاز" not in blocks.names
        assert " گاز" in blocks.names

    def test_idf(self, blocks: Blocks) -> None:
        """Both are in two of three passages, however often."""
        expected = np.log(4 / 3) + 1
        assert blocks.idf[blocks.names.index("=نفت")] == pytest.approx(expected)
        assert blocks.idf[blocks.names.index(" گاز")] == pytest.approx(expected)

    def test_squared_norm_is_times_by_squared_idf(self, blocks: Blocks) -> None:
        squared = blocks.squared_norms
        members = (blocks.weighted.toarray() / blocks.idf).round(9)
        assert squared == pytest.approx(members @ blocks.idf**2)

    def test_rows_are_scaled_by_distinct_words(self, blocks: Blocks) -> None:
        counts = sp.csr_matrix([[2.0, 1.0, 0.0]])
        n = blocks.squared_norms
        expected = counts @ blocks.weighted / np.sqrt(4 * n[0] + n[1])
        assert blocks.rows(counts).toarray() == pytest.approx(expected.toarray())

    def test_row_of_nothing_known_is_zero(self, blocks: Blocks) -> None:
        other = blocks_of(["نفت", "ژژژ"], blocks)
        rows = other.rows(sp.csr_matrix([[0.0, 5.0], [1.0, 5.0]])).toarray()
        assert not rows[0].any()
        assert rows[1].any()

    def test_other_words_keep_features_and_idf(self, blocks: Blocks) -> None:
        other = blocks_of(["گازها"], blocks)
        assert other.names == blocks.names
        met = other.weighted.toarray()[0].nonzero()[0]
        assert sorted(blocks.names[place] for place in met) == sorted(
            [" گا", " گاز", "گاز"]
        )


class TestFitTopic:
    def test_separates_passages(self) -> None:
        passages = [{"نفت": 1}, {"نفت": 1, "خام": 1}, {"گل": 1}, {"گل": 1, "تیم": 1}]
        corpus = corpus_of(passages, grades=[2, 2, 0, 0])
        rows = build_blocks(corpus).rows(corpus.counts)
        values = fit_topic(rows, corpus, 0, np.ones(4, bool)).decide(rows)
        assert (values[:2] > 0).all()
        assert (values[2:] < 0).all()

    def test_passages_that_look_like_carriers_are_learned_too(self) -> None:
        """Of two articles the best passage teaches نفت, the second best پالایش."""
        passages = [
            *({"نفت": 1, "خام": 1} for _ in range(3)),
            *({"گل": 1, "تیم": 1} for _ in range(3)),
            *({"نفت": 1, "خام": 1}, {"نفت": 2, "پالایش": 1}) * 2,
            *({"پالایش": 1}, {"باد": 1}),
        ]
        owner = [*range(6), 6, 6, 7, 7, 8, 9]
        whole = [False] * 6 + [True] * 2 + [False] * 2
        grades = [2, 2, 2, 0, 0, 0, 2, 2, 1, 1]
        corpus = corpus_of(passages, owner=owner, grades=grades, whole=whole)
        rows = build_blocks(corpus).rows(corpus.counts)
        values = fit_topic(rows, corpus, 0, np.ones(10, bool)).decide(rows)
        assert values[-2] > values[-1]

    def test_unlike_passages_of_an_article_do_not_carry(self) -> None:
        """The others of its passages are like the negatives, and stay so."""
        passages = [
            *({"نفت": 1, "خام": 1} for _ in range(3)),
            *({"گل": 1, "تیم": 1} for _ in range(3)),
            {"گل": 1, "تیم": 2},
            {"نفت": 2, "خام": 1},
        ]
        owner = [0, 1, 2, 3, 4, 5, 6, 6]
        whole = [False] * 6 + [True]
        corpus = corpus_of(
            passages, owner=owner, grades=[2, 2, 2, 0, 0, 0, 2], whole=whole
        )
        rows = build_blocks(corpus).rows(corpus.counts)
        values = fit_topic(rows, corpus, 0, np.ones(7, bool)).decide(rows)
        assert values[6] < 0 < values[7]

    def test_marked_passages_of_an_article_are_taken_as_marked(self) -> None:
        """Unmarked, its best passage is the one that the marks say does not carry."""
        passages = [
            *({"نفت": 1, "خام": 1} for _ in range(3)),
            *({"گل": 1, "تیم": 1} for _ in range(3)),
            {"نفت": 1, "باد": 1},
            {"گل": 1, "سد": 2},
        ]
        owner = [0, 1, 2, 3, 4, 5, 6, 6]
        rows, values = [], []
        for marked in ({}, {6: 0, 7: 2}):
            corpus = corpus_of(
                passages,
                owner=owner,
                grades=[2, 2, 2, 0, 0, 0, 2],
                whole=[False] * 6 + [True],
                marked=marked,
            )
            rows = build_blocks(corpus).rows(corpus.counts)
            model = fit_topic(rows, corpus, 0, np.ones(7, bool))
            values.append(model.decide(rows[6:]))
        unmarked, marked_ones = values
        assert unmarked[0] > 0 > unmarked[1]
        assert marked_ones[0] < 0 < marked_ones[1]

    def test_articles_alone_are_enough(self) -> None:
        passages = [
            {"نفت": 1},
            {"باد": 1},
            {"نفت": 1},
            {"باد": 1},
            {"گل": 1},
            {"باد": 1},
        ]
        corpus = corpus_of(
            passages, owner=[0, 0, 1, 1, 2, 2], grades=[2, 2, 0], whole=[True] * 3
        )
        rows = build_blocks(corpus).rows(corpus.counts)
        values = fit_topic(rows, corpus, 0, np.ones(3, bool)).decide(rows)
        assert values[0] > values[1]
        assert values[0] > values[4]

    def test_borderline_and_left_out_seeds_do_not_matter(self) -> None:
        passages = [{"نفت": 1}, {"نفت": 2}, {"گل": 1}, {"گل": 2}, {"نفت": 1, "گل": 3}]
        for grades, learn_from in (
            ([2, 2, 0, 0, 1], [True] * 5),
            ([2, 2, 0, 0, 2], [True] * 4 + [False]),
            ([2, 2, 0, 0, 0], [True] * 4 + [False]),
        ):
            corpus = corpus_of(passages, grades=grades)
            rows = build_blocks(corpus).rows(corpus.counts)
            model = fit_topic(rows, corpus, 0, np.array(learn_from))
            without = corpus_of(passages[:4], grades=grades[:4])
            expected = fit_topic(rows[:4], without, 0, np.ones(4, bool))
            assert model.coefficients == pytest.approx(expected.coefficients)
            assert model.intercept == pytest.approx(expected.intercept)
