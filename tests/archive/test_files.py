import os
from pathlib import Path

import pytest

from service.archive import ArchiveError
from service.archive.files import ReadingError, Source, find


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    for name in (
        "2026/01.jsonl.gz",
        "2026/02.jsonl",
        "2025/12.parquet",
        "old.CSV",
        "notes.txt",
        "_new/01.jsonl",
        "2026/.01.jsonl",
    ):
        path = tmp_path / "archive" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    return tmp_path / "archive"


def names(*inputs: object) -> list[str]:
    return [file.name for file in find([str(one) for one in inputs])]


def test_folder_is_all_below_it_of_known_endings(archive: Path) -> None:
    assert [(file.name, file.kind) for file in find([str(archive)])] == [
        ("2025/12.parquet", "parquet"),
        ("2026/01.jsonl.gz", "jsonl"),
        ("2026/02.jsonl", "jsonl"),
        ("old.CSV", "csv"),
    ]


def test_link_is_the_file_that_it_leads_to(archive: Path) -> None:
    real = archive.with_name("real.jsonl")
    real.write_bytes(b"12345")
    os.utime(real, (1, 1))
    link = archive / "2026" / "link.jsonl"
    link.symlink_to(real)
    (archive / "2026" / "nowhere.jsonl").symlink_to("nothing")
    (archive / "2026" / "folder.jsonl").symlink_to(archive)
    for one in (archive / "2026", archive / "2026" / "l*.jsonl", link):
        assert [
            (file.size, file.stamp) for file in find([str(one)]) if "link" in file.name
        ] == [(5, "1.0")]
    (archive / "2026" / "latest.jsonl").symlink_to("02.jsonl")  # its rows are there
    assert names(archive / "2026") == ["01.jsonl.gz", "02.jsonl", "link.jsonl"]
    assert names(archive / "2026" / "latest.jsonl") == ["latest.jsonl"]


def test_glob_file_and_url_and_each_file_once(archive: Path) -> None:
    found = names(
        archive / "20*" / "0*", f"file://{archive}/old.CSV", archive / "2026/02.jsonl"
    )
    assert found == ["2026/01.jsonl.gz", "2026/02.jsonl", "old.CSV"]


def test_file_is_one_however_it_is_spelled(
    archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(archive)
    found = names(
        *("./2026/02.jsonl", "2026//02.jsonl", "2026/./02.jsonl"),
        *("2025/../2026/02.jsonl", f"file:///{archive}/2025/..//2026/02.jsonl"),
        *("2025/../2026/0*.jsonl", ".//2026/", "2025/../2026"),
    )
    assert found == ["02.jsonl", "01.jsonl.gz"]


def test_link_to_a_folder_is_followed_before_what_is_above(archive: Path) -> None:
    other = archive.with_name("other")
    (other / "deep").mkdir(parents=True)
    (other / "new.jsonl").write_bytes(b"x")
    (archive / "link").symlink_to(other / "deep")
    assert names(archive / "link" / ".." / "new.jsonl") == ["new.jsonl"]


def test_name_is_below_what_all_have_in_common(archive: Path) -> None:
    assert names(archive / "2026") == ["01.jsonl.gz", "02.jsonl"]
    assert names(archive / "old.CSV") == ["old.CSV"]


def test_file_with_letters_of_a_glob_is_meant_itself(tmp_path: Path) -> None:
    (tmp_path / "a[1].csv").write_bytes(b"x")
    assert names(tmp_path / "a[1].csv") == ["a[1].csv"]


@pytest.mark.parametrize(
    "name",
    ["a::b.csv", "zip::b.csv", "file:b.csv", "s3:/b.csv", "~b.csv", "a::b/c.csv"],
)
def test_name_may_look_like_a_url(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(b"here")
    monkeypatch.chdir(tmp_path)
    (file,) = find([name, str(path), name.partition("/")[0]])
    assert file.url == f"file://{path}"
    with Source(file.url) as source:
        assert source.read() == b"here"


def test_kind_can_be_told(archive: Path) -> None:
    (file,) = find([str(archive / "notes.txt")], "jsonl")
    assert file.kind == "jsonl"


def test_stamp_changes_with_the_file(archive: Path) -> None:
    path = archive / "old.CSV"
    (before,) = find([str(path)])
    os.utime(path, (1, 1))
    (after,) = find([str(path)])
    assert before != after


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        (
            "notes.txt",
            r"notes.txt: its ending tells no kind; known are \.parquet, .*--fo",
        ),
        ("none.csv", "none.csv: no file"),
        ("*.parquet", r"\*.parquet: no file"),
        ("_new/.", "there is no file of an archive in it"),
    ],
)
def test_what_names_no_file_is_told(archive: Path, given: str, reason: str) -> None:
    (archive / "_new" / "01.jsonl").unlink()
    with pytest.raises(ArchiveError, match=reason):
        find([f"{archive}/{given}"])


def test_unknown_protocol_is_told() -> None:
    with pytest.raises(ArchiveError, match=r"nowhere://a\.csv: Protocol not known"):
        find(["nowhere://a.csv"])


def test_range_of_a_file(archive: Path) -> None:
    path = archive / "old.CSV"
    path.write_bytes(b"0123456789")
    with Source(str(path), 2, 5) as source:
        assert source.read() == b"234"


def test_lost_file_is_no_damage(archive: Path) -> None:
    with pytest.raises(ReadingError, match="No such file"):
        Source(str(archive / "lost"))
