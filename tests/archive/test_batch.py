import pyarrow as pa
import pytest

from service.archive.batch import ARTICLES, schema, tag_batch
from service.tagging.tagger import Article, Tagger, Wish
from tests.archive.articles import ENERGY, FOOTBALL


def batch(*rows: tuple[str | None, str | None, str | None]) -> pa.RecordBatch:
    entries = [dict(zip(ARTICLES.names, row, strict=True)) for row in rows]
    return pa.RecordBatch.from_pylist(entries, ARTICLES)


def test_rows_are_what_the_tagger_says(tagger: Tagger) -> None:
    tagged = tag_batch(tagger, batch(("a", "برق", ENERGY), ("b", None, FOOTBALL)))
    assert tagged.schema == schema(tagger.model)
    expected = tagger.tag([Article("برق", ENERGY), Article("", FOOTBALL)])
    for row, article in zip(tagged.to_pylist(), expected, strict=True):
        assert row["language"] == "fa"
        assert row["tags"] == [one.id for one in article.topics if one.assigned]
        assert row["scores"] == {
            one.id: pytest.approx(one.score, abs=1e-6) for one in article.topics
        }
        assert row["review"] == {one.id: one.review for one in article.topics}
        assert row["model"] == tagger.model.version
        assert row["problem"] is None
    assert tagged["id"].to_pylist() == ["a", "b"]
    assert tagged["tags"].to_pylist() == [["energy"], ["football"]]


@pytest.mark.parametrize(
    ("title", "text", "problem"),
    [
        ("", None, "there is no text"),
        ("", " \n", "text is blank"),
        ("", "<p>a</p>", "text is HTML (it has <p> in it)"),
        ("<b>a</b>", ENERGY, "title is HTML (it has <b> in it)"),
        ("", "a\0b", "text holds a NUL character (U+0000)"),
    ],
)
def test_what_cannot_be_tagged_has_a_problem_in_its_place(
    tagger: Tagger, title: str, text: str | None, problem: str
) -> None:
    given = batch(("a", "", ENERGY), ("b", title, text), ("c", "", ENERGY))
    before, bad, after = tag_batch(tagger, given, Wish(explain=True)).to_pylist()
    assert bad["problem"] == problem
    assert {name for name, value in bad.items() if value is not None} == {
        "id",
        "model",
        "problem",
    }
    assert before["tags"] == after["tags"] == ["energy"]


@pytest.mark.parametrize("stored", [pa.string(), pa.large_string()])
def test_what_is_not_utf_8_is_a_problem(tagger: Tagger, stored: pa.DataType) -> None:
    texts = [ENERGY.encode(), b"x", b"a\xff", None, ENERGY.encode()]
    titles = [None, b"\xd8", b"", b"\xff", "خبر".encode()]
    # Arrow does not look at what is in a file's strings either.
    columns = [
        pa.array(values, pa.binary()).cast(pa.string(), safe=False).cast(stored)
        for values in (titles, texts)
    ]
    given = pa.record_batch([pa.array([*"abcde"]), *columns], ARTICLES.names)
    tagged = tag_batch(tagger, given).to_pylist()
    assert {row["id"]: row["problem"] for row in tagged} == {
        "a": None,
        "b": "title is not UTF-8 (byte 0)",
        "c": "text is not UTF-8 (byte 1)",
        "d": "title is not UTF-8 (byte 0)",
        "e": None,
    }
    assert [row["tags"] for row in tagged] == [["energy"], None, None, None, ["energy"]]


def test_another_language_has_no_tags(tagger: Tagger) -> None:
    english = "The power plant has gone out of the grid because of lack of fuel."
    (row,) = tag_batch(tagger, batch(("a", "", english))).to_pylist()
    assert (row["language"], row["tags"], row["problem"]) == ("en", [], None)
    assert set(row["scores"].values()) == {0.0}


def test_evidence_is_of_the_tags(tagger: Tagger) -> None:
    (row,) = tag_batch(tagger, batch(("a", "", ENERGY)), Wish(explain=True)).to_pylist()
    assert {one["topic"] for one in row["evidence"]} == {"energy"}
    for one in row["evidence"]:
        assert ENERGY[one["start"] : one["end"]] == one["text"]


def test_no_row_is_no_row(tagger: Tagger) -> None:
    assert len(tag_batch(tagger, batch())) == 0
