import json
import subprocess
import sys
from pathlib import Path

import pytest

from service import cli
from service.archive import ArchiveError
from service.archive import tag as tagging
from service.archive.run import Done
from service.archive.tag import Options
from service.tagging.model_store import ModelStore
from tests.archive.articles import as_lines, some, tags_of

ROOT = Path(__file__).parents[2]
Capture = pytest.CaptureFixture[str]


def archive(store: ModelStore, *arguments: object) -> int:
    given = [str(argument) for argument in arguments]
    return cli.main(["--models", str(store.root), "archive", *given])


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[Options]:
    """What tagging would be asked; nothing is tagged."""
    found: list[Options] = []

    def tag(_: ModelStore, options: Options) -> Done:
        found.append(options)
        if options.output == "refused":
            raise ArchiveError("it is refused")
        if options.output == "failed":
            return Done(10, 0, 0, ["partition 3 (a.csv): the disk is full"], 1.0)
        return Done(1200, 3, 2, [], 0.5)

    monkeypatch.setattr(tagging, "tag", tag)
    return found


def test_archive_is_tagged(
    store: ModelStore, tmp_path: Path, cluster: str, capsys: Capture
) -> None:
    path, output = tmp_path / "a.txt", tmp_path / "out"
    path.write_bytes(as_lines([{"n": n["id"], "body": n["text"]} for n in some(20)]))
    options = ["--format", "jsonl", "--id", "n", "--text", "body", "--cluster", cluster]
    assert archive(store, path, output, *options) == 0
    assert capsys.readouterr().out.startswith("20 articles tagged in ")
    assert [row["id"] for row in tags_of(output)] == [f"a{n}" for n in range(20)]
    assert archive(store, path, output, *options) == 0
    assert capsys.readouterr().out == "1 partitions were complete before\n"


def test_what_became_of_it_is_told(
    store: ModelStore, asked: list[Options], capsys: Capture
) -> None:
    assert archive(store, "a.csv", "b", "out", "--explain", "--jobs", "3") == 0
    told = capsys.readouterr()
    assert told.out == (
        "2 partitions were complete before\n1,200 articles tagged in 0.5 s (2,406/s)\n"
    )
    assert told.err == "barchasb: 3 rows cannot be tagged: see out/errors\n"
    assert asked[0].inputs == ["a.csv", "b"]
    assert asked[0].wish.explain
    assert asked[0].jobs == 3


@pytest.mark.usefixtures("asked")
class TestFailing:
    def test_what_is_not_done_is_told(self, store: ModelStore, capsys: Capture) -> None:
        assert archive(store, "a.csv", "failed") == 1
        assert capsys.readouterr().err == (
            "barchasb: partition 3 (a.csv): the disk is full\n"
            "barchasb: what is complete stays; mend it and run the same command to go "
            "on\n"
        )

    def test_refusal(self, store: ModelStore, capsys: Capture) -> None:
        assert archive(store, "a.csv", "refused") == 1
        assert capsys.readouterr().err == "barchasb: it is refused\n"

    def test_machine_or_cluster(self, store: ModelStore, capsys: Capture) -> None:
        with pytest.raises(SystemExit):
            archive(store, "a", "b", "--jobs", "2", "--cluster", "tcp://127.0.0.1:9")
        assert "not allowed with argument --jobs" in capsys.readouterr().err


def test_service_imports_nothing_of_archives_and_the_command_says_what_is_missing() -> (
    None
):
    code = """
import json, sys
import service.cli, service.web.app, service.gunicorn_conf
print(json.dumps(sorted({name.split(".")[0] for name in sys.modules})))
sys.modules["pyarrow"] = None
sys.exit(service.cli.main(["archive", "a.csv", "out"]))
"""
    finished = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    loaded = set(json.loads(finished.stdout))
    assert "msgspec" in loaded
    assert not loaded & {"dask", "distributed", "fsspec", "pyarrow"}
    assert finished.returncode == 1
    assert finished.stderr == (
        "barchasb: archives need a package that is not installed (pyarrow); install "
        "them all: python -m pip install --require-hashes -r requirements/archive.txt\n"
    )
