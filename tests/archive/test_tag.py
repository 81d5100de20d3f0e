"""Archives on workers: what is written, when it is refused, and going on."""

import contextlib
import functools
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import duckdb
import fsspec
import polars
import pytest
from distributed import Client
from distributed.client import ClosedClientError, FuturesCancelledError
from distributed.comm.core import CommClosedError

from service.archive import ArchiveError, files, work
from service.archive import run as running
from service.archive import tag as tagging
from service.archive.files import File
from service.archive.partitions import Partition
from service.archive.rows import Columns
from service.archive.tag import Options
from service.progress import Progress
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Wish
from tests.archive.articles import (
    as_lines,
    errors_of,
    some,
    tags_of,
    write_parquet,
)
from tests.archive.conftest import Tag

ROOT = Path(__file__).parents[2]


def written(output: Path) -> dict[str, tuple[int, int]]:
    """What would change if a file were written again."""
    found = ((path.name, path.stat()) for path in (output / "tags").iterdir())
    return {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found}


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """300 articles in three files, and three bad rows."""
    folder = tmp_path / "archive"
    folder.mkdir()
    write_parquet(folder / "a.parquet", some(100))
    (folder / "b.jsonl").write_bytes(b"{}\n" + as_lines(some(100)) + b"x\n")
    bad = [{"id": "bad", "text": " "}]
    (folder / "c.ndjson").write_bytes(as_lines(some(100) + bad))
    return folder


def test_each_row_is_tagged_or_an_error(
    archive: Path, tmp_path: Path, tag: Tag
) -> None:
    output = tmp_path / "tags"
    done = tag(archive, output=output)
    assert (done.n_tagged, done.n_errors, done.failures) == (300, 3, [])
    rows = tags_of(output)
    assert [(row["file"], row["row"], row["id"]) for row in rows] == [
        (name, number + first, f"a{number}")
        for name, first in (("a.parquet", 1), ("b.jsonl", 2), ("c.ndjson", 1))
        for number in range(100)
    ]
    for row in rows:
        topic = "football" if int(row["id"][1:]) % 2 else "energy"
        assert row["tags"] == [topic]
    assert errors_of(output) == [
        {
            "file": "b.jsonl",
            "row": 1,
            "id": None,
            "reason": "not an article (Object missing required field text)",
        },
        {
            "file": "b.jsonl",
            "row": 102,
            "id": None,
            "reason": "not JSON (invalid character (byte 0))",
        },
        {"file": "c.ndjson", "row": 101, "id": "bad", "reason": "text is blank"},
    ]
    assert {path.name for path in output.iterdir()} == {
        "errors",
        "manifest.json",
        "tags",
    }
    assert len(written(output)) > 5


def test_name_that_is_not_utf_8(tmp_path: Path, tag: Tag) -> None:
    (tmp_path / "in").mkdir()
    for name in ("a.jsonl", os.fsdecode(b"\xff.jsonl")):
        (tmp_path / "in" / name).write_bytes(as_lines([*some(1), {"text": " "}]))
    output = tmp_path / "out"
    assert tag(tmp_path / "in", output=output).n_tagged == 2
    names = [row["file"] for row in (*tags_of(output), *errors_of(output))]
    assert names == ["\\udcff.jsonl", "a.jsonl"] * 2
    assert tag(tmp_path / "in", output=output).n_before


def test_model_that_another_run_has_mapped_stays_whole(
    tmp_path: Path, store: ModelStore
) -> None:
    """Where a cluster has two runs at once; a mapped file that shrinks is a SIGBUS."""
    worker: Any = SimpleNamespace(local_directory=str(tmp_path))
    version = str(store.live_version())
    content = store.content(version)
    work.Tagging(version, content).setup(worker)
    (path,) = tmp_path.iterdir()
    with path.open("rb") as before:
        work.Tagging(version, content).setup(worker)
        assert os.fstat(before.fileno()).st_ino != path.stat().st_ino
        assert before.read() == path.read_bytes() == content
    assert [*tmp_path.iterdir()] == [path]


def test_worker_that_has_no_room_for_the_model_is_told(tmp_path: Path) -> None:
    worker: Any = SimpleNamespace(local_directory=str(tmp_path / "gone"))
    client: Any = SimpleNamespace(register_plugin=lambda tagging: tagging.setup(worker))
    job = work.Job(str(tmp_path), Columns(), Wish(), "0")
    told = rf"^{tmp_path}/gone/.*: No such file or directory; .* in TMPDIR$"
    with pytest.raises(ArchiveError, match=told):
        running.run(client, job, b"", (), Progress(None))


def test_workers_that_cannot_be_started_are_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fails(**_: object) -> None:
        raise RuntimeError("Cluster failed to start: No usable temporary directory")

    monkeypatch.setattr(running, "LocalCluster", fails)
    told = "No usable temporary directory.*in TMPDIR$"
    with pytest.raises(ArchiveError, match=told), running.workers(1, None):
        pytest.fail("there are no workers")


def test_is_read_by_duckdb_and_polars(
    archive: Path, tmp_path: Path, tag: Tag, store: ModelStore
) -> None:
    tag(archive, output=tmp_path / "out", wish=Wish(explain=True))
    found = f"{tmp_path}/out/tags/*.parquet"
    asked = f"""
        select
            count(*),
            min(scores.energy) > 0.5,
            bool_and(len(evidence) > 0),
            any_value(model)
        from '{found}' where list_contains(tags, 'energy') and not review.energy
    """  # noqa: S608 - our own path
    version = store.live_version()
    assert duckdb.sql(asked).fetchall() == [(150, True, True, version)]
    energy = polars.col("scores").struct.field("energy")
    frame = polars.scan_parquet(found).filter(energy > 0.5).collect()
    assert frame["tags"].list.contains("energy").sum() == 150
    assert polars.read_parquet(f"{tmp_path}/out/errors/*.parquet").height == 3


def test_urls(tag: Tag, tmp_path: Path) -> None:
    (tmp_path / "2026").mkdir()
    (tmp_path / "2026" / "a.jsonl").write_bytes(as_lines(some(100)))
    (tmp_path / "b.jsonl").write_bytes(as_lines([*some(100), {}]))
    # Written to memory only: its files have one place for all who read them.
    memory = fsspec.filesystem("memory")
    news = tmp_path.as_uri()
    done = tag(news, output="memory://tags")
    assert (done.n_tagged, done.n_errors) == (200, 1)
    assert not memory.exists("/tags/writing")
    assert len(memory.glob("/tags/tags/*.parquet")) > 5
    assert len(memory.glob("/tags/errors/*.parquet")) == 1
    assert tag(news, output="memory://tags").n_before > 5


class TestGoingOn:
    @pytest.mark.parametrize("is_ended", [True, False])
    def test_what_is_complete_is_not_done_again(
        self, archive: Path, tmp_path: Path, tag: Tag, is_ended: bool
    ) -> None:
        """Nor is what is not, because somebody removed its tags, called complete."""
        output = tmp_path / "out"
        tag(archive, output=output)
        before, rows = written(output), tags_of(output)
        assert tag(archive, output=output).n_before == len(before)
        # A run that was ended has tags of some partitions, and no word of their number.
        manifest = json.loads((output / "manifest.json").read_text())
        if is_ended:
            del manifest["partitions"]
        (output / "manifest.json").write_text(json.dumps(manifest))
        missing = sorted(before)[1::2]
        for name in missing:
            (output / "tags" / name).unlink()
        done = tag(archive, output=output)
        assert done.n_before == len(before) - len(missing)
        after = written(output)
        assert after.keys() == before.keys()
        assert {name for name in after if after[name] != before[name]} == set(missing)
        assert tags_of(output) == rows
        assert len(errors_of(output)) == 3

    def test_output_within_the_input_is_not_read(self, archive: Path, tag: Tag) -> None:
        output = archive / "tags"
        done = tag(archive, output=output)
        assert done.n_tagged
        again = tag(archive, output=output)
        assert (again.n_tagged, again.n_before) == (0, len(written(output)))
        assert tag(archive, output=output, overwrite=True).n_tagged == done.n_tagged

    def test_partition_that_fails_is_told_and_done_later(
        self, archive: Path, tmp_path: Path, tag: Tag, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        tagged = work.tag_batch
        broken = True

        def tag_batch(*given: object) -> object:
            if broken and "a50" in given[1]["id"].to_pylist():  # type: ignore[index]
                raise OSError(28, "No space left on device")
            return tagged(*given)  # type: ignore[arg-type]

        monkeypatch.setattr(work, "tag_batch", tag_batch)
        output = tmp_path / "out"
        done = tag(archive / "b.jsonl", output=output)
        assert len(done.failures) == 1
        assert "(b.jsonl): " in done.failures[0]
        assert "No space left on device" in done.failures[0]
        broken = False
        done = tag(archive / "b.jsonl", output=output)
        assert not done.failures
        assert [row["id"] for row in tags_of(output)] == [f"a{n}" for n in range(100)]

    def test_file_out_of_reach_is_told_and_what_is_before_it_is_tagged(
        self, archive: Path, tmp_path: Path, tag: Tag, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        lost = archive / "b.jsonl"

        def find(*given: Any) -> list[File]:  # noqa: ANN401 - as the real one
            found = files.find(*given)
            lost.rename(tmp_path / "b.jsonl")
            return found

        monkeypatch.setattr(tagging, "find", find)
        output = tmp_path / "out"
        done = tag(archive, output=output)
        reason = f"file://{lost}: No such file or directory"
        assert done.failures == [f"what is left of the archive: {reason}"]
        assert {row["file"] for row in tags_of(output)} == {"a.parquet"}
        (tmp_path / "b.jsonl").rename(lost)
        monkeypatch.setattr(tagging, "find", files.find)
        assert not tag(archive, output=output).failures
        assert len(tags_of(output)) == 300


class TestRefusing:
    @pytest.fixture
    def output(self, archive: Path, tmp_path: Path, tag: Tag) -> Path:
        tag(archive, output=tmp_path / "out")
        return tmp_path / "out"

    def refused(self, tag: Tag, *inputs: object, output: Path, **more: object) -> str:
        before = written(output)
        with pytest.raises(ArchiveError) as raised:
            tag(*inputs, output=output, **more)
        assert written(output) == before
        assert "--overwrite to do all of it again" in str(raised.value)
        return str(raised.value)

    def test_other_input(self, archive: Path, output: Path, tag: Tag) -> None:
        told = self.refused(tag, archive / "a.parquet", output=output)
        assert "b.jsonl was changed, added or left out (and 1 more)" in told
        os.utime(archive / "a.parquet", (1, 1))
        told = self.refused(tag, archive, output=output)
        assert "a.parquet was changed, added or left out; give" in told

    def test_other_model_or_wish(
        self, archive: Path, output: Path, tag: Tag, store: ModelStore
    ) -> None:
        told = self.refused(tag, archive, output=output, wish=Wish(explain=True))
        assert "was begun with explain False, not True" in told
        manifest = output / "manifest.json"
        version = str(store.live_version())
        manifest.write_text(manifest.read_text().replace(version, "0" * 16))
        told = self.refused(tag, archive, output=output)
        assert f"was begun with model '{'0' * 16}', not '{version}'" in told

    def test_overwriting_begins_anew(
        self, archive: Path, output: Path, tag: Tag
    ) -> None:
        done = tag(archive / "c.ndjson", output=output, overwrite=True)
        assert (done.n_tagged, done.n_errors) == (100, 1)
        assert {row["file"] for row in tags_of(output)} == {"c.ndjson"}
        assert len(errors_of(output)) == 1

    def test_damaged_manifest(self, archive: Path, output: Path, tag: Tag) -> None:
        (output / "manifest.json").write_text("[")
        assert "manifest.json is damaged" in self.refused(tag, archive, output=output)

    def test_folder_of_other_things(
        self, archive: Path, tmp_path: Path, tag: Tag
    ) -> None:
        home = tmp_path / "home"
        home.mkdir()
        (home / "thesis.txt").touch()
        for overwrite in (False, True):
            with pytest.raises(ArchiveError, match="has other things in it"):
                tag(archive, output=home, overwrite=overwrite)
        assert (home / "thesis.txt").exists()

    def test_output_that_is_read(self, archive: Path, tag: Tag) -> None:
        with pytest.raises(ArchiveError, match="is read and lies in OUTPUT"):
            tag(archive, output=archive.parent)

    def test_missing_column(self, archive: Path, tmp_path: Path, tag: Tag) -> None:
        (archive / "a.csv").write_bytes(b"x\n1\n")
        with pytest.raises(ArchiveError, match="has no column 'text'; it has x; name"):
            tag(archive / "a.csv", output=tmp_path / "out")
        assert not (tmp_path / "out").exists()

    def test_no_scheduler(
        self, archive: Path, tmp_path: Path, tag: Tag, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(running, "_PATIENCE", "200ms")
        with pytest.raises(ArchiveError, match="no Dask scheduler answers there"):
            tag(archive, output=tmp_path / "out", cluster="tcp://127.0.0.1:9")


@pytest.mark.parametrize(
    "lost",
    [
        FuturesCancelledError([]),
        CommClosedError("Stream is closed"),
        ClosedClientError("Client is closed"),
    ],
)
def test_scheduler_that_is_lost_is_told(cluster: str, lost: Exception) -> None:
    with (
        pytest.raises(ArchiveError, match="run the same command to go on"),
        running.workers(None, cluster),
    ):
        raise lost


def test_interrupt_waits_until_the_workers_have_begun(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seen: list[object] = []

    class Begins(contextlib.AbstractContextManager[None]):
        def __init__(self, **_: object) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            deaf = [sys.executable, "-c", "import os; os.kill(os.getpid(), 2)"]
            with ThreadPoolExecutor(1) as threads:
                seen.append(threads.submit(subprocess.call, deaf).result())

        def __exit__(self, *_: object) -> None:
            seen.append("ended")

    monkeypatch.setattr(running, "LocalCluster", Begins)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt), running.workers(1, None):
            pytest.fail("it was not interrupted")
    finally:
        signal.signal(signal.SIGINT, before)
    assert seen == [0, "ended"]


def test_partition_whose_worker_died_is_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Dask calls such a future lost until another worker has done it again."""

    class Future:
        status = "lost"

        def result(self) -> work.Found:
            return work.Found(7, 1)

    future = Future()
    monkeypatch.setattr(
        running, "wait", lambda *_, **__: SimpleNamespace(done={future})
    )
    pending, done = {future: Partition(0, ())}, running.Done()
    collect = functools.partial(running._collect, pending, done, Progress(None))  # type: ignore[arg-type]
    collect()
    assert pending
    future.status = "finished"
    collect()
    assert not pending
    assert (done.n_tagged, done.n_errors, done.failures) == (7, 1, [])


def ten_thousand(folder: Path) -> Path:
    """An archive whose partitions take a moment."""
    path = folder / "a.jsonl"
    path.write_bytes(as_lines(some(100)) * 100)
    return path


def complete(output: Path, least: int) -> None:
    """Wait until some partitions are complete."""
    for _ in range(6000):
        with contextlib.suppress(FileNotFoundError):
            if len([*(output / "tags").iterdir()]) >= least:
                return
        time.sleep(0.01)
    pytest.fail("no partition is complete")


def check_whole(output: Path) -> None:
    assert [row["row"] for row in tags_of(output)] == [*range(1, 10_001)]
    assert errors_of(output) == []
    assert not (output / "writing").exists()


@pytest.mark.slow
class TestKilled:
    def test_worker_loses_and_doubles_nothing(
        self, tmp_path: Path, store: ModelStore, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tagging, "_LEAST", 1000)
        monkeypatch.setattr("service.tag_files._CHUNK_BYTES", 20_000)
        output = tmp_path / "out"
        killed: list[int] = []

        def submit(client: Client, *given: object, **more: object) -> object:
            """Between two partitions, kill the worker that is at one."""
            if len([*(output / "tags").iterdir()]) >= 5 and not killed:
                pids = client.run(os.getpid)
                killed.append(next(iter(pids.values())))
                os.kill(killed[0], signal.SIGKILL)
            return submitted(client, *given, **more)

        submitted = Client.submit
        monkeypatch.setattr(Client, "submit", submit)
        options = Options([str(ten_thousand(tmp_path))], str(output), jobs=2)
        done = tagging.tag(store, options)
        assert killed
        assert (done.n_tagged, done.failures) == (10_000, [])
        check_whole(output)

    def test_interrupt_of_all_processes_is_silent(
        self, tmp_path: Path, store: ModelStore
    ) -> None:
        path, output = ten_thousand(tmp_path), tmp_path / "out"
        path.write_bytes(path.read_bytes() * 20)
        # In the foreground of a terminal, and not as a job, which is deaf to it.
        code = (
            "import signal, sys; from service import cli;"
            "signal.signal(signal.SIGINT, signal.default_int_handler);"
            "sys.exit(cli.main())"
        )
        arguments = ["archive", "--jobs", "2", str(path), str(output)]
        command = [sys.executable, "-c", code, *arguments, "--models", str(store.root)]
        with subprocess.Popen(
            command, cwd=ROOT, stderr=subprocess.PIPE, start_new_session=True
        ) as process:
            complete(output, 1)
            os.killpg(process.pid, signal.SIGINT)
            _, errors = process.communicate(timeout=60)
        assert (process.returncode, errors) == (130, b"")
        assert '"partitions"' not in (output / "manifest.json").read_text()

    def test_run_is_gone_on_with(self, tmp_path: Path, store: ModelStore) -> None:
        path, output = ten_thousand(tmp_path), tmp_path / "out"
        # Small partitions, as a large archive would have many.
        code = (
            "import sys; from service import cli, tag_files;"
            "from service.archive import tag; tag._LEAST = 1000;"
            "tag_files._CHUNK_BYTES = 20_000; sys.exit(cli.main())"
        )
        arguments = ["archive", "--jobs", "1", str(path), str(output)]
        command = [sys.executable, "-c", code, *arguments, "--models", str(store.root)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as process:
            complete(output, 5)
            process.kill()
            # It ends with the last who could write to it: a worker may have been about
            # to complete a partition.
            process.communicate(timeout=60)
        before = written(output)
        assert '"partitions"' not in (output / "manifest.json").read_text()
        finished = subprocess.run(
            command, cwd=ROOT, capture_output=True, text=True, check=True
        )
        told = f"{len(before)} partitions were complete before"
        assert finished.stdout.startswith(told)
        assert before.items() <= written(output).items()
        check_whole(output)
