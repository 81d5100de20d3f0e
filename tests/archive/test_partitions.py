"""Every row of an archive once, however it is stored and cut."""

import csv
import gzip
import io
import os
import uuid
from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from service import tag_files
from service.archive import ArchiveError, comma, parquet
from service.archive.files import ReadingError, find
from service.archive.partitions import Partition, check, partitions, rows_of
from service.archive.rows import Columns, Rows
from tests.archive.articles import Articles, as_lines, some, write_parquet

MARK = b"\xef\xbb\xbf"
Found = tuple[dict[int, tuple[str, str | None, str]], dict[int, str]]


@pytest.fixture(autouse=True)
def few_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has small files cut as large ones are."""
    monkeypatch.setattr(tag_files, "_CHUNK_BYTES", 500)
    monkeypatch.setattr(comma, "_LONGEST_ROW", 2000)
    monkeypatch.setattr(parquet, "_LARGE_GROUP", 0)


def zstd(content: bytes) -> bytes:
    return bytes(pa.compress(content, "zstd", asbytes=True))


def as_csv(articles: Articles) -> bytes:
    file = io.StringIO()
    writer = csv.DictWriter(file, ["id", "title", "text"])
    writer.writeheader()
    writer.writerows(articles)
    return file.getvalue().encode()


WAYS: dict[str, Callable[[Articles], bytes]] = {
    "a.jsonl": as_lines,
    "b.jsonl": lambda articles: MARK + as_lines(articles).rstrip(b"\n"),
    "a.jsonl.gz": lambda articles: gzip.compress(as_lines(articles)),
    "b.jsonl.gz": lambda articles: (
        gzip.compress(as_lines(articles[:50])) + gzip.compress(as_lines(articles[50:]))
    ),
    "a.jsonl.zst": lambda articles: zstd(as_lines(articles)),
    "b.jsonl.zst": lambda articles: (
        zstd(as_lines(articles[:50])) + zstd(as_lines(articles[50:]))
    ),
    "a.csv": as_csv,
    "b.csv": lambda articles: MARK + as_csv(articles),
    "a.csv.gz": lambda articles: gzip.compress(as_csv(articles)),
    "b.csv.gz": lambda articles: gzip.compress(as_csv(articles)) + bytes(10_000),
    "a.csv.zst": lambda articles: zstd(as_csv(articles)),
}


def cut(*paths: Path, size: int, columns: Columns = Columns()) -> list[Partition]:  # noqa: B008
    return list(partitions(find(map(str, paths)), columns, size))


def rows(found: list[Partition], columns: Columns = Columns()) -> Found:  # noqa: B008
    """Articles and problems by number; no number may be twice."""
    articles: dict[int, tuple[str, str | None, str]] = {}
    problems: dict[int, str] = {}
    for part in (part for partition in found for part in partition.parts):
        for some_rows in rows_of(part, columns):
            entries = some_rows.articles.to_pylist()
            for number, entry in zip(some_rows.numbers, entries, strict=True):
                assert number not in articles
                articles[number] = (entry["id"], entry["title"], entry["text"])
            for number, _, why in some_rows.problems:
                assert number not in articles
                assert number not in problems
                problems[number] = why
    return articles, problems


def expected(articles: Articles) -> dict[int, tuple[str, str | None, str]]:
    return {
        number: (one["id"], one["title"], one["text"])
        for number, one in enumerate(articles, 1)
    }


@pytest.mark.parametrize("size", [1000, 1 << 20])
@pytest.mark.parametrize("name", WAYS)
def test_every_row_once(tmp_path: Path, name: str, size: int) -> None:
    articles = [
        {**one, "text": f'{one["text"]}\n"{n}",'} for n, one in enumerate(some(100))
    ]
    path = tmp_path / name
    path.write_bytes(WAYS[name](articles))
    found = cut(path, size=size)
    assert rows(found) == (expected(articles), {})
    assert sum(partition.n_bytes for partition in found) == path.stat().st_size
    if size == 1000 and name.endswith("jsonl"):
        assert len(found) > 10
    assert cut(path, size=size) == found or name.endswith((".csv", ".gz", ".zst"))


@pytest.mark.parametrize(
    ("group", "size"), [(10, 500), (10, 4000), (100, 500), (10, 1 << 20)]
)
def test_every_row_of_parquet_once(tmp_path: Path, group: int, size: int) -> None:
    """Row groups as they are, some together, and one too large to be a part."""
    articles = some(100)
    path = write_parquet(tmp_path / "a.parquet", articles, group)
    found = cut(path, size=size)
    assert rows(found) == (expected(articles), {})
    assert (len(found) > 1) == (size < 1 << 20)


def test_small_files_go_together(tmp_path: Path) -> None:
    for n in range(10):
        (tmp_path / f"{n}.jsonl").write_bytes(as_lines(some(1)))
    size = (tmp_path / "0.jsonl").stat().st_size
    found = cut(tmp_path, size=4 * size)
    assert [len(partition.parts) for partition in found] == [4, 4, 2]
    assert [partition.number for partition in found] == [0, 1, 2]


def test_empty_file_has_no_row(tmp_path: Path) -> None:
    for name in ("a.jsonl", "a.csv", "a.parquet"):
        (tmp_path / name).touch()
    (tmp_path / "b.csv").write_bytes(b"\r\n\n")
    (tmp_path / "b.csv.gz").write_bytes(gzip.compress(b""))
    for size in (1, 100):
        assert rows(cut(tmp_path, size=size)) == ({}, {})


@pytest.mark.parametrize("end", [b"", b"\n", b"\r\n", b"\n\n"])
@pytest.mark.parametrize("size", [1, 10_000])
def test_header_alone_is_no_row(tmp_path: Path, end: bytes, size: int) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"id,text" + end)
    assert rows(cut(path, size=size)) == ({}, {})
    path.write_bytes(b"id,body" + end)
    with pytest.raises(ArchiveError, match=r"a\.csv has no column 'text'"):
        rows(cut(path, size=size))


def test_blank_lines_are_no_rows(tmp_path: Path) -> None:
    path = tmp_path / "a.csv"
    path.write_bytes(b"\n\r\nid,text\n\n1,x\n\n\n2\n\n3,x\n")
    articles, problems = rows(cut(path, size=1 << 20))
    assert articles.keys() == {1, 3}
    assert problems.keys() == {2}


class TestIds:
    def test_any_scalar_is_an_id_and_a_missing_one_is_made_up(
        self, tmp_path: Path
    ) -> None:
        given = ["a", 17, 1.50, True, None, "", "\u06f1"]
        lines = [{"id": one, "text": "x"} for one in given] + [{"text": "x"}]
        path = tmp_path / "a.jsonl"
        path.write_bytes(as_lines(lines))
        articles, _ = rows(cut(path, size=1))
        assert [one[0] for one in articles.values()] == [
            *("a", "17", "1.5", "true", "a.jsonl#5", "a.jsonl#6", "\u06f1", "a.jsonl#8")
        ]

    def test_of_a_table(self, tmp_path: Path) -> None:
        path = write_parquet(
            tmp_path / "a.parquet", [{"id": n, "text": "x"} for n in (7, None)]
        )
        articles, _ = rows(cut(path, size=1))
        assert articles == {1: ("7", None, "x"), 2: ("a.parquet#2", None, "x")}

    def test_of_a_table_may_be_uuids(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        given = uuid.UUID(int=0)  # whose bytes are UTF-8
        ids = pa.array([given.bytes, None, uuid.UUID(int=2**128 - 1).bytes], pa.uuid())
        pq.write_table(pa.table({"id": ids, "text": ["b", "c", "d"]}), path)
        articles, problems = rows(cut(path, size=100))
        assert [one[0] for one in articles.values()] == [
            "00000000-0000-0000-0000-000000000000",
            "a.parquet#2",
            "ffffffff-ffff-ffff-ffff-ffffffffffff",
        ]
        assert not problems

    def test_that_cannot_be_written_are_told(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        pair = pa.fixed_shape_tensor(pa.int8(), [2])
        ids = pa.ExtensionArray.from_storage(
            pair, pa.array([[1, 2]], pair.storage_type)
        )
        pq.write_table(pa.table({"id": ids, "text": ["b"]}), path)
        with pytest.raises(ArchiveError, match="and cannot be the id; name another"):
            rows(cut(path, size=100))

    def test_without_a_column_all_are_made_up(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(b"text\nx\ny\n")
        articles, _ = rows(cut(path, size=100))
        assert [one[0] for one in articles.values()] == ["a.csv#1", "a.csv#2"]


class TestColumns:
    columns = Columns("key", "head", "body")
    content = (("key", "a"), ("head", "b"), ("body", "c"))

    @pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.jsonl"])
    @pytest.mark.parametrize("size", [1, 1 << 20])
    def test_are_named(self, tmp_path: Path, name: str, size: int) -> None:
        path = tmp_path / name
        write_parquet(tmp_path / "a.parquet", [dict(self.content)])
        (tmp_path / "a.csv").write_bytes(b"key,more,head,body\na,,b,c\n")
        (tmp_path / "a.jsonl").write_bytes(as_lines([dict(self.content)]))
        check(find([str(path)]), self.columns)
        found = rows(cut(path, size=size, columns=self.columns), self.columns)
        assert found == ({1: ("a", "b", "c")}, {})

    @pytest.mark.parametrize("name", ["a.parquet", "a.csv", "a.jsonl"])
    def test_that_are_not_there_are_told_with_those_that_are(
        self, tmp_path: Path, name: str
    ) -> None:
        self.test_are_named(tmp_path, name, 1)
        empty = tmp_path / f"0.{name}"
        empty.touch()
        files = find([str(empty), str(tmp_path / name)])
        for columns, what in (
            (Columns(), "text"),
            (Columns(text="body", title="headline"), "title"),
            (Columns(text="body", id="number"), "id"),
        ):
            named = getattr(columns, what) or what
            told = rf"{name} has no column '{named}'; it has key, .*body; .* --{what}$"
            with pytest.raises(ArchiveError, match=told):
                check(files, columns)

    @pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
    @pytest.mark.parametrize(
        ("columns", "found"),
        [
            (Columns(id="title"), ("T", "T", "X")),
            (Columns(id="text"), ("X", "T", "X")),
            (Columns(text="title"), ("1", "T", "T")),
            (Columns(title="text"), ("1", "X", "X")),
            (Columns("text", "text", "text"), ("X", "X", "X")),
        ],
    )
    def test_may_be_meant_twice(
        self,
        tmp_path: Path,
        name: str,
        columns: Columns,
        found: tuple[str, str | None, str],
    ) -> None:
        articles: Articles = [{"id": "1", "title": "T", "text": "X"}]
        path = tmp_path / name
        if name == "a.parquet":
            write_parquet(path, articles)
        else:
            path.write_bytes(WAYS[name](articles))
        assert rows(cut(path, size=1 << 20), columns) == ({1: found}, {})

    def test_of_the_same_name_are_told(self, tmp_path: Path) -> None:
        (tmp_path / "a.csv").write_bytes(b"id,text,id\n1,x,2\n")
        table = pa.table([["1"], ["x"], ["2"]], names=["id", "text", "id"])
        pq.write_table(table, tmp_path / "a.parquet")
        for name in ("a.csv", "a.parquet"):
            with pytest.raises(ArchiveError, match="has more than one column 'id'"):
                rows(cut(tmp_path / name, size=1 << 20))

    def test_that_hold_something_else_are_told(self, tmp_path: Path) -> None:
        path = write_parquet(tmp_path / "a.parquet", [{"text": 1}])
        with pytest.raises(
            ArchiveError, match="'text' holds int64 and cannot be the t"
        ):
            rows(cut(path, size=1 << 20))

    def test_may_be_stored_in_any_way(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        table = {
            "id": pa.array(["a", "b"]).dictionary_encode(),
            "title": pa.array([b"x", None], pa.binary()),
            "text": pa.array(["x", "y"], pa.large_string()),
        }
        pq.write_table(pa.table(table), path)
        articles, _ = rows(cut(path, size=1 << 20))
        assert articles == {1: ("a", "x", "x"), 2: ("b", None, "y")}

    def test_may_be_bytes_of_one_size(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        ids = pa.array([b"ab", b"\xff\xff", b"cd"], pa.binary(2))
        pq.write_table(pa.table({"id": ids, "text": ids}), path)
        articles, problems = rows(cut(path, size=1 << 20))
        assert articles == {1: ("ab", None, "ab"), 3: ("cd", None, "cd")}
        assert problems == {2: "id is not UTF-8 (byte 0)"}

    def test_may_be_of_nulls_alone(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        nulls = pa.nulls(2)
        table = {"id": nulls, "title": nulls, "text": pa.array(["x", "y"])}
        pq.write_table(pa.table(table), path)
        articles, _ = rows(cut(path, size=1 << 20))
        assert articles == {
            1: ("a.parquet#1", None, "x"),
            2: ("a.parquet#2", None, "y"),
        }


class TestBadRows:
    def test_of_json_lines(self, tmp_path: Path) -> None:
        lines = [
            b'{"id": 1, "text": "x"}',
            b"",
            b"{",
            b'{"id": 1}',
            b'{"id": [1], "text": "x"}',
            b'{"id": 1, "text": "\xff"}',
            b'{"id": 2, "text": "x"}',
        ]
        path = tmp_path / "a.jsonl"
        path.write_bytes(b"\n".join(lines))
        for size in (1, 1 << 20):
            articles, problems = rows(cut(path, size=size))
            assert articles.keys() == {1, 7}
            assert problems == {
                2: "the line is blank",
                3: "not JSON (it ends early)",
                4: "not an article (Object missing required field text)",
                5: "id is not a string, a number, true, false or null",
                6: "not UTF-8 (byte 19)",
            }

    def test_of_json_lines_are_of_their_line_alone(self, tmp_path: Path) -> None:
        """Wherever a partition begins, it is no gzip and has no byte-order mark."""
        line = as_lines(some(1))
        path = tmp_path / "a.jsonl"
        path.write_bytes(line + b"\x1f\n" + line + MARK + line * 2)
        for size in (1, 200, 1 << 20):
            articles, problems = rows(cut(path, size=size))
            assert articles.keys() == {1, 3, 5}
            assert problems == {
                2: "not JSON (invalid character (byte 0))",
                4: "not JSON (invalid character (byte 0))",
            }

    def test_of_csv(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(b"id,text\n1,x\n2\n\xff,x\n4,a,b\n5,x\n")
        for size in (1, 1 << 20):
            articles, problems = rows(cut(path, size=size))
            assert articles == {1: ("1", None, "x"), 5: ("5", None, "x")}
            assert problems == {
                2: "it has 1 columns, not 2",
                3: "id is not UTF-8 (byte 0)",
                4: "it has 3 columns, not 2",
            }

    def test_of_csv_are_told_as_they_come(self, tmp_path: Path) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(b"id,text\n" + b"1,x\n2\n" * 5000)
        found = cut(path, size=1)
        articles, problems = rows(found)
        assert articles.keys() == {*range(1, 10_001, 2)}
        assert problems.keys() == {*range(2, 10_001, 2)}
        held = [part.content for partition in found for part in partition.parts]
        assert len(held) > 10
        assert all(
            isinstance(some, Rows) and len(some.problems) < 1000 for some in held
        )

    def test_of_parquet(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        bad = pa.array([b"x", b"\xff", b"y"], pa.binary()).view(pa.string())
        pq.write_table(pa.table({"id": bad, "text": ["x"] * 3}), path)
        articles, problems = rows(cut(path, size=1 << 20))
        assert articles.keys() == {1, 3}
        assert problems == {2: "id is not UTF-8 (byte 0)"}


class TestDamage:
    @pytest.mark.parametrize(
        "name", ["a.jsonl.gz", "a.jsonl.zst", "a.csv.gz", "a.csv.zst"]
    )
    @pytest.mark.parametrize("size", [1, 1 << 20])
    def test_packed_file_that_ends_early(
        self, tmp_path: Path, name: str, size: int
    ) -> None:
        path = tmp_path / name
        path.write_bytes(WAYS[name](some(3000))[:-8])
        articles, problems = rows(cut(path, size=size))
        (row,) = problems
        assert row == len(articles) + 1
        assert problems[row].startswith("the rest of it cannot be read (")

    @pytest.mark.parametrize("pack", [gzip.compress, zstd])
    @pytest.mark.parametrize(("name", "end"), [("a.jsonl", b"\n"), ("a.csv", b"\r\n")])
    def test_every_whole_row_before_it_is_read(
        self, tmp_path: Path, name: str, end: bytes, pack: Callable[[bytes], bytes]
    ) -> None:
        articles = [{**one, "text": f'{one["text"]}\n"{one["id"]}"'} for one in some(4)]
        content = WAYS[name](articles)
        ends = [len(WAYS[name](articles[:n])) for n in range(1, 5)]
        path = tmp_path / f"{name}.{'zst' if pack is zstd else 'gz'}"
        for torn in {*range(0, len(content), 5), *ends, *(one - 1 for one in ends)}:
            path.write_bytes(pack(content[:torn]) + pack(bytes(99))[:10])
            n_whole = sum(one <= torn + len(end) - 1 for one in ends)
            whole = expected(articles[:n_whole])
            for size in (1, 1 << 20):
                found, problems = rows(cut(path, size=size))
                assert (torn, found, [*problems]) == (torn, whole, [n_whole + 1])
                (told,) = problems.values()
                assert told.startswith("the rest of it cannot be read (")

    @pytest.mark.parametrize("size", [1, 1 << 20])
    def test_header_that_cannot_be_read(self, tmp_path: Path, size: int) -> None:
        path = tmp_path / "a.csv"
        path.write_bytes(b"id,text," + b"x" * 200_000 + b"\n1,x,y\n")
        assert rows(cut(path, size=size))[1].keys() == {1}

    def test_lines_that_were_lost_meanwhile_are_told(self, tmp_path: Path) -> None:
        path = tmp_path / "a.jsonl"
        path.write_bytes(as_lines(some(10)))
        found = cut(path, size=500)
        assert len(found) > 1
        os.truncate(path, path.stat().st_size - 4)
        articles, problems = rows(found)
        assert articles.keys() == {*range(1, 10)}
        assert problems.pop(10).startswith("not JSON (")
        assert problems == {11: "the rest of it cannot be read (it has become shorter)"}

    @pytest.mark.parametrize("size", [1, 1 << 20])
    def test_parquet_that_is_none(self, tmp_path: Path, size: int) -> None:
        (tmp_path / "a.parquet").write_bytes(b"PAR1 and no more")
        articles, problems = rows(cut(tmp_path, size=size))
        assert not articles
        assert problems.keys() == {1}

    def test_damaged_row_group_leaves_the_others(self, tmp_path: Path) -> None:
        path = tmp_path / "a.parquet"
        table = pa.Table.from_pylist(some(30))
        pq.write_table(table, path, row_group_size=10, compression="zstd")
        column = pq.read_metadata(path).row_group(1).column(2)
        with path.open("r+b") as file:
            file.seek(column.dictionary_page_offset or column.data_page_offset)
            file.write(b"\xff" * column.total_compressed_size)
        articles, problems = rows(cut(path, size=1 << 20))
        assert articles.keys() == {*range(1, 11), *range(21, 31)}
        assert problems.keys() == {11}
        assert problems[11].startswith("10 rows of a row group cannot be read (")

    def test_lost_file_is_no_damage(self, tmp_path: Path) -> None:
        path = write_parquet(tmp_path / "a.parquet", some(1))
        found = cut(path, size=1 << 20)
        path.unlink()
        with pytest.raises(ReadingError, match="No such file"):
            rows(found)
