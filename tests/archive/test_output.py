"""The folder that is written, where writing it fails or is ended."""

import contextlib
import gc
import os
import resource
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pytest

from service.archive import ArchiveError
from service.archive.output import ERRORS, Output

COLUMNS = pa.schema([("x", pa.binary())])
NO_ERRORS = pa.RecordBatch.from_pylist([], ERRORS)
MANIFEST = {"files": [], "model": "0"}


@pytest.fixture
def output(tmp_path: Path) -> Iterator[Output]:
    with contextlib.closing(Output(str(tmp_path))) as output:
        yield output


@contextlib.contextmanager
def full_disk() -> Iterator[None]:
    """No file may have more than a few bytes; it shows when they are flushed."""
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def write(output: Output, size: int) -> None:
    with output.partition(0, COLUMNS) as writers:
        rows = pa.record_batch([[os.urandom(size)]], schema=COLUMNS)
        writers.write(rows, NO_ERRORS)


def test_disk_that_fails_late_is_told(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As one on a network does, which takes all that is written at first."""
    output.begin(MANIFEST, overwrite=False)

    def fsync(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(os, "fsync", fsync)
    with pytest.raises(OSError, match="Input/output error"):
        write(output, 1)
    assert output.complete() == set()


def test_run_that_could_not_begin_is_begun_by_the_next(output: Output) -> None:
    with full_disk(), pytest.raises(OSError, match="File too large"):
        output.begin(MANIFEST, overwrite=False)
    output.begin(MANIFEST, overwrite=False)
    write(output, 1)


def test_run_goes_on_beside_another_that_ends(output: Output, tmp_path: Path) -> None:
    other = Output(str(tmp_path))
    output.begin(MANIFEST, overwrite=False)
    other.begin(MANIFEST, overwrite=False)
    other.finish(MANIFEST)
    write(output, 1)
    assert output.complete() == {0}


def test_run_that_writes_is_not_overwritten(output: Output, tmp_path: Path) -> None:
    other = Output(str(tmp_path))
    output.begin(MANIFEST, overwrite=True)
    with pytest.raises(ArchiveError, match="another run writes to "):
        other.begin(MANIFEST, overwrite=True)
    write(output, 1)
    other.begin(MANIFEST, overwrite=False)
    output.close()
    other.begin(MANIFEST, overwrite=True)
    other.close()
    assert other.complete() == set()


def test_file_system_without_locks(
    output: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flock(*_: int) -> None:
        raise OSError(9, "Bad file descriptor")

    monkeypatch.setattr("fcntl.flock", flock)
    output.begin(MANIFEST, overwrite=True)
    write(output, 1)


def test_run_that_was_killed_as_it_began_is_begun_by_the_next(
    output: Output, tmp_path: Path
) -> None:
    (tmp_path / "writing").mkdir()
    (tmp_path / "writing" / "half").write_text("{")
    output.begin(MANIFEST, overwrite=False)
    output.finish(MANIFEST)
    assert {path.name for path in tmp_path.iterdir()} == {
        "manifest.json",
        "tags",
        "errors",
    }


def test_file_of_another_program_is_no_partition(
    output: Output, tmp_path: Path
) -> None:
    output.begin(MANIFEST, overwrite=False)
    write(output, 1)
    for name in (".DS_Store", ".part-00000001.parquet.crc", "all.parquet"):
        (tmp_path / "tags" / name).touch()
    assert output.complete() == {0}


def test_tags_without_a_manifest_are_nobodys(output: Output, tmp_path: Path) -> None:
    output.begin(MANIFEST, overwrite=False)
    write(output, 1)
    (tmp_path / "manifest.json").unlink()
    with pytest.raises(ArchiveError, match=r"has no manifest.json; give another"):
        output.begin(MANIFEST, overwrite=False)


@pytest.mark.parametrize("removed", [0, 1, 2])
def test_overwriting_that_is_ended_leaves_nothing_that_seems_complete(
    output: Output, tmp_path: Path, removed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    output.begin(MANIFEST, overwrite=False)
    write(output, 1)
    output.finish({**MANIFEST, "partitions": 1})
    real, left = output._store.rm, [*range(removed)]

    def rm(*given: object, **more: object) -> None:
        if not left:
            raise KeyboardInterrupt
        left.pop()
        real(*given, **more)

    monkeypatch.setattr(output._store, "rm", rm)
    with pytest.raises(KeyboardInterrupt):
        output.begin(MANIFEST, overwrite=True)
    is_whole = output.complete() == {0}
    assert is_whole or not (tmp_path / "manifest.json").exists()


@pytest.mark.parametrize("size", [1, 1 << 20])
def test_full_disk_keeps_nothing_that_is_not_whole(
    output: Output, tmp_path: Path, size: int
) -> None:
    output.begin(MANIFEST, overwrite=False)
    with full_disk(), pytest.raises(OSError, match="File too large"):
        write(output, size)
    gc.collect()  # which would tell of a writer that is still open
    assert not [*(tmp_path / "writing").iterdir()]
    assert output.complete() == set()
    write(output, size)
    assert output.complete() == {0}
