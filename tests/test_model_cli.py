"""`barchasb model`: what it prints, what it changes, what it refuses."""

import io
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import joblib
import msgspec
import numpy as np
import pytest

from service import cli
from service.tagging.model_file import FORMAT, Model, version_of
from service.tagging.model_store import ModelStore

ENERGY = "خاموشی برق ادامه دارد و نیروگاه گازی به سبب کمبود سوخت از مدار خارج شد."
FOOTBALL = "تیم فوتبال با دو گل در نیمه دوم بازی را برد و صدرنشین لیگ شد."
CINEMA = "کارگردان از پایان فیلم‌برداری در شیراز خبر داد و از مردم سپاس‌گزاری کرد."

Capture = pytest.CaptureFixture[str]
type Run = Callable[..., tuple[int, list[str], str]]


@pytest.fixture
def store(tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch) -> ModelStore:
    """Two versions, the first promoted, in the folder that the environment names."""
    store = ModelStore(tmp_path / "models")
    store.promote(store.add(model))
    monkeypatch.setenv("BARCHASB_MODELS", str(store.root))
    return store


@pytest.fixture
def first(store: ModelStore) -> str:
    version = str(store.live_version())
    os.utime(store.root / version / "model.joblib", (1_700_000_000, 1_700_000_000))
    return version


@pytest.fixture
def second(store: ModelStore, model: Model, first: str) -> str:
    """Gives nothing the first topic, everything in Persian the second."""
    assert first
    thresholds = np.array([1.0, 0.0])
    return store.add(replace(model, thresholds=thresholds, seeds="of the second"))


@pytest.fixture
def run(capsys: Capture) -> Run:
    """Runs `barchasb model`; gives the exit code, the lines printed, the complaint."""

    def run(*arguments: str | Path) -> tuple[int, list[str], str]:
        exit_code = cli.main(["model", *map(str, arguments)])
        captured = capsys.readouterr()
        return exit_code, captured.out.splitlines(), captured.err

    return run


def spoil(store: ModelStore, version: str) -> Path:
    path = store.root / version / "model.joblib"
    path.write_bytes(path.read_bytes()[:-1])
    return path


def add_of_format_1(store: ModelStore, version: str) -> str:
    """A version that older code wrote."""
    content = joblib.load(store.root / version / "model.joblib")
    path = store.root / "model.joblib"
    joblib.dump({**content, "format": 1}, path, protocol=4)
    older = version_of(path)
    (store.root / older).mkdir()
    path.rename(store.root / older / "model.joblib")
    return older


class TestList:
    def test_newest_first_with_what_they_are(
        self, run: Run, store: ModelStore, first: str, second: str
    ) -> None:
        store.promote(second)
        exit_code, (head, *rows), complaint = run("list")
        assert (exit_code, complaint) == (0, "")
        assert head.split()[0] == "version"
        megabytes = (store.root / first / "model.joblib").stat().st_size / 1e6
        assert rows[0].startswith(f"{second}  20")
        assert rows[0].split()[-2:] == ["live", str(FORMAT)]
        assert rows[1].split() == [
            first,
            "2023-11-14",
            "22:13",
            f"{megabytes:.1f}",
            "before",
            str(FORMAT),
        ]

    def test_what_cannot_be_used(self, run: Run, store: ModelStore, first: str) -> None:
        older = add_of_format_1(store, first)
        exit_code, lines, _ = run("list")
        assert exit_code == 0
        (row,) = (line for line in lines if line.startswith(older))
        assert "cannot be used: " in row
        assert f"has format 1, this code reads {FORMAT}" in row

    def test_no_version(self, run: Run, tmp_path: Path) -> None:
        told = f"barchasb: {tmp_path} holds no version; run `make train`\n"
        assert run("list", "--models", tmp_path) == (1, [], told)
        assert run("verify", "--models", tmp_path) == (1, [], told)

    @pytest.mark.parametrize(
        ("pointer", "told"),
        [(None, "there is no pointer"), ("abc\n", "the pointer names 'abc'")],
    )
    def test_no_live_version(
        self, pointer: str | None, told: str, run: Run, store: ModelStore, first: str
    ) -> None:
        path = store.root / "live"
        path.unlink() if pointer is None else path.write_text(pointer)
        exit_code, lines, complaint = run("list")
        assert exit_code == 1
        assert lines[1].startswith(first)
        assert f"holds no live version: {told}; promote" in complaint


class TestShow:
    @pytest.mark.parametrize("arguments", [(), ("show",)])
    def test_live_version(
        self, arguments: tuple[str, ...], run: Run, store: ModelStore, first: str
    ) -> None:
        exit_code, lines, complaint = run(*arguments)
        assert (exit_code, complaint) == (0, "")
        model = store.live()
        size = (store.root / first / "model.joblib").stat().st_size
        assert f"model      {first}" in lines
        assert "state      live" in lines
        assert "written    2023-11-14 22:13 UTC" in lines
        assert f"bytes      {size}" in lines
        assert f"format     {FORMAT}" in lines
        assert f"seeds      {model.seeds}" in lines
        assert f"numpy {model.libraries['numpy']}" in "\n".join(lines)
        rows = {row.split()[0]: row.split() for row in lines if row}
        for topic, threshold in zip(model.topics, model.thresholds, strict=True):
            figures = model.evaluation[topic.id]
            assert rows[topic.id] == [
                topic.id,
                f"{threshold:.3f}",
                str(figures["carried"]),
                *(f"{figures[name]:.3f}" for name in ("precision", "recall", "f1")),
                topic.name_fa,
            ]
        assert rows["macro"][-1] == f"{model.evaluation['macro']['f1']:.3f}"
        assert rows["micro"][-1] == f"{model.evaluation['micro']['f1']:.3f}"

    def test_other_version(self, run: Run, second: str) -> None:
        exit_code, lines, _ = run("show", second)
        assert exit_code == 0
        assert f"model      {second}" in lines
        assert "state      not live" in lines
        assert "seeds      of the second" in lines

    def test_model_that_was_not_evaluated(
        self, run: Run, store: ModelStore, model: Model
    ) -> None:
        exit_code, lines, _ = run("show", store.add(replace(model, evaluation={})))
        assert exit_code == 0
        assert "evaluated on 0 held-out seeds" in lines
        assert lines[-1].split() == ["micro", "-", "-", "-", "-"]

    def test_manifest_of_another(self, run: Run, store: ModelStore, first: str) -> None:
        manifest = store.root / first / "manifest.json"
        manifest.write_text('{"version": "0", "bytes": 1}')
        exit_code, lines, complaint = run("show")
        assert (exit_code, lines) == (1, [])
        assert complaint.startswith(f"barchasb: {manifest} is of another file than ")

    def test_unknown_version(self, run: Run) -> None:
        exit_code, _, complaint = run("show", "0123456789abcdef")
        assert exit_code == 1
        assert "does not exist; run `make train`, or take one of" in complaint

    def test_no_live_version(self, run: Run, tmp_path: Path) -> None:
        told = f"barchasb: {tmp_path} holds no live model; run `make train`\n"
        assert run("show", "--models", tmp_path) == (1, [], told)


class TestPromoteAndRollBack:
    def test_there_and_back(
        self, run: Run, store: ModelStore, first: str, second: str
    ) -> None:
        assert run("promote", second) == (0, [f"{second} is live; it was {first}"], "")
        assert store.live_version() == second
        assert run("rollback") == (0, [f"{first} is live; it was {second}"], "")
        assert store.live_version() == first
        exit_code, lines, complaint = run("rollback")
        assert (exit_code, lines) == (1, [])
        assert "has no version that was live before; promote one of" in complaint

    def test_first_promotion(self, run: Run, model: Model, tmp_path: Path) -> None:
        version = ModelStore(tmp_path / "new").add(model)
        lines = [f"{version} is live; it was none"]
        assert run("promote", version, "--models", tmp_path / "new") == (0, lines, "")

    def test_damaged_version_is_not_promoted(
        self, run: Run, store: ModelStore, first: str, second: str
    ) -> None:
        path = spoil(store, second)
        exit_code, lines, complaint = run("promote", second)
        assert (exit_code, lines) == (1, [])
        assert complaint.startswith(f"barchasb: {path} is damaged: ")
        assert store.live_version() == first

    @pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
    def test_folder_that_cannot_be_written(
        self, run: Run, store: ModelStore, second: str
    ) -> None:
        store.root.chmod(0o555)
        exit_code, _, complaint = run("promote", second)
        store.root.chmod(0o755)
        assert exit_code == 1
        assert "Permission denied" in complaint


class TestVerify:
    def test_all(self, run: Run, first: str, second: str) -> None:
        lines = [f"{one} is whole and can be used" for one in sorted([first, second])]
        assert run("verify") == (0, lines, "")
        assert run("verify", second)[1] == [f"{second} is whole and can be used"]

    def test_faults_are_told_and_the_others_read(
        self, run: Run, store: ModelStore, first: str, second: str
    ) -> None:
        path = spoil(store, second)
        manifest = store.root / add_of_format_1(store, first)
        exit_code, lines, complaint = run("verify")
        assert exit_code == 1
        assert lines == [f"{first} is whole and can be used"]
        assert f"barchasb: {path} is damaged: " in complaint
        assert f"barchasb: {manifest}/model.joblib has format 1" in complaint

    def test_missing_manifest(self, run: Run, store: ModelStore, first: str) -> None:
        (store.root / first / "manifest.json").unlink()
        exit_code, lines, complaint = run("verify")
        assert (exit_code, lines) == (1, [])
        assert "manifest.json is missing or damaged; delete the folder" in complaint

    def test_unknown_version(self, run: Run, first: str) -> None:
        exit_code, lines, _ = run("verify", "none", first)
        assert exit_code == 1
        assert lines == [f"{first} is whole and can be used"]


class TestPrune:
    def test_what_is_removed_is_told(
        self, run: Run, store: ModelStore, model: Model, second: str
    ) -> None:
        store.promote(second)
        third = store.add(replace(model, seeds="third"))
        assert run("prune", "--keep", "1") == (0, [], "")
        assert run("prune", "--keep", "0", "--older-than", "1") == (0, [], "")
        assert run("prune", "--older-than", "9999999999") == (0, [], "")
        assert run("prune", "--keep", "0") == (0, [f"{third} is removed"], "")
        assert third not in store.versions()
        assert store.live_version() == second

    @pytest.mark.parametrize(
        ("arguments", "told"),
        [
            ((), "say what to keep: --keep N, --older-than DAYS, or both"),
            (("--keep", "-1"), "'-1' is no whole number from 0"),
            (("--keep=",), "'' is no whole number from 0"),
            (("--older-than", "soon"), "'soon' is no whole number from 0"),
            (("--keep", "۵"), "is no whole number from 0"),
        ],
    )
    def test_what_to_keep_must_be_said(
        self, arguments: tuple[str, ...], told: str, capsys: Capture
    ) -> None:
        with pytest.raises(SystemExit) as ended:
            cli.main(["model", "prune", *arguments])
        assert ended.value.code == 2
        assert told in capsys.readouterr().err


class TestDiff:
    @pytest.fixture
    def articles(self, tmp_path: Path) -> Path:
        path = tmp_path / "articles.jsonl"
        entries = [
            {"id": "e", "text": ENERGY},
            {"id": 2, "title": FOOTBALL, "text": "."},
            {"id": "c", "text": CINEMA},
            {"id": "en", "text": "The lights went out in the whole city tonight."},
        ]
        path.write_text("".join(f"{json.dumps(one)}\n" for one in entries), "utf-8")
        return path

    def test_whose_tags_change(
        self, run: Run, store: ModelStore, articles: Path, first: str, second: str
    ) -> None:
        assert [topic.id for topic in store.live().topics] == ["energy", "football"]
        exit_code, lines, complaint = run("diff", first, second, articles)
        assert (exit_code, complaint) == (0, "")
        assert lines == [
            '"e"  +football -energy',
            '"c"  +football',
            "",
            "          gained    lost",
            "energy         0       1",
            "football       2       0",
            "2 of 4 articles change",
        ]

    def test_other_way_round(
        self, run: Run, articles: Path, first: str, second: str
    ) -> None:
        _, lines, _ = run("diff", second, first, articles)
        assert lines[:2] == ['"e"  +energy -football', '"c"  -football']

    def test_same_version(self, run: Run, articles: Path, first: str) -> None:
        _, lines, _ = run("diff", first, first, articles)
        assert lines[0] == ""
        assert lines[-1] == "0 of 4 articles change"

    def test_standard_input_line_by_line(
        self, run: Run, first: str, second: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        content = b'\xef\xbb\xbf{"id": 1, "text": "' + ENERGY.encode() + b'"}\n[]\n'
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))
        exit_code, lines, complaint = run("diff", first, second, "-")
        assert exit_code == 1
        assert lines[0] == "1  +football -energy"
        assert lines[-1] == "1 of 1 articles change"
        assert complaint.startswith("barchasb: standard input, line 2: not an article")

    def test_topic_that_only_one_knows(
        self, run: Run, store: ModelStore, model: Model, articles: Path, first: str
    ) -> None:
        sport = msgspec.structs.replace(model.topics[1], id="sport")
        other = store.add(replace(model, topics=(model.topics[0], sport)))
        _, lines, _ = run("diff", first, other, articles)
        assert lines[0] == "2  +sport -football"
        assert [line.split() for line in lines[-4:-1]] == [
            ["energy", "0", "0"],
            ["sport", "1", "0"],
            ["football", "0", "1"],
        ]

    def test_what_is_not_there(
        self, run: Run, articles: Path, tmp_path: Path, first: str
    ) -> None:
        assert run("diff", first, "none", articles)[0] == 1
        missing = tmp_path / "missing.jsonl"
        told = f"barchasb: {missing}: No such file or directory\n"
        assert run("diff", first, first, missing) == (1, [], told)


@pytest.mark.parametrize(
    "arguments",
    [["a.txt"], ["promote"], ["diff", "a"], ["list", "a"], ["rollback", "a"]],
)
def test_usage_error(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["model", *arguments])
    assert ended.value.code == 2
    assert capsys.readouterr().err.startswith("usage: barchasb ")
