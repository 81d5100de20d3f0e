import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import joblib
import pytest

from service.tagging.model_store import ModelStore
from training.__main__ import main

ROOT = Path(__file__).parents[2]
GOLD = {
    "text": "خاموشی برق به نیروگاه گازی رسید و بهای نفت بالا رفت.",
    "grades": {"energy": 2, "football": 0},
    "slice": "one",
}


@pytest.fixture
def models(store: ModelStore) -> str:
    return str(store.root)


@pytest.fixture
def gold(tmp_path: Path) -> Path:
    path = tmp_path / "gold.jsonl"
    path.write_text(json.dumps(GOLD), "utf-8")
    return path


Capture = pytest.CaptureFixture[str]


class TestBuild:
    def test_if_needed_does_nothing_twice(
        self, small_seeds: Path, store: ModelStore, capsys: Capture
    ) -> None:
        before = {path: path.stat().st_mtime_ns for path in store.root.rglob("*")}
        options = ["--seeds", str(small_seeds), "--models", str(store.root)]
        assert main([*options, "build", "--if-needed"]) == 0
        assert capsys.readouterr().out == (
            f"model {store.live_version()} is up to date\n"
        )
        after = {path: path.stat().st_mtime_ns for path in store.root.rglob("*")}
        assert after == before

    def test_if_needed_builds_for_other_seeds(
        self, seeds_folder: Path, store: ModelStore, tmp_path: Path, capsys: Capture
    ) -> None:
        shutil.copytree(store.root, tmp_path / "models")
        other = ModelStore(tmp_path / "models")
        options = ["--seeds", str(seeds_folder), "--models", str(other.root)]
        with joblib.parallel_config(backend="sequential"):
            assert main([*options, "build", "--if-needed"]) == 0
        assert other.live_version() != store.live_version()
        assert len(other.versions()) == 2
        out = capsys.readouterr().out
        assert out.startswith(f"beside the live model {store.live_version()}, F1 on ")
        assert f"\nmodel {other.live_version()} is live; macro F1 " in out

    def test_bad_seed(
        self, seeds_folder: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        path = seeds_folder / "passages" / "new.jsonl"
        path.write_text('{"text": "متن", "topics": ["enrgy"], "kind": "x"}')
        options = ["--seeds", str(seeds_folder), "--models", str(tmp_path / "models")]
        assert main([*options, "build"]) == 1
        assert f"training: {path}, line 1: 'enrgy' is no topic; use one of " in (
            capsys.readouterr().err
        )


class TestEvaluate:
    def test_held_out_seeds(
        self, small_seeds: Path, models: str, capsys: Capture
    ) -> None:
        assert main(["--seeds", str(small_seeds), "--models", models, "evaluate"]) == 0
        assert capsys.readouterr().out.startswith("all: ")

    def test_gold(self, models: str, gold: Path, capsys: Capture) -> None:
        assert main(["--models", models, "evaluate", "--gold", str(gold)]) == 0
        lines = capsys.readouterr().out.split("\n")
        assert lines[0] == "all: 1 articles"
        assert lines[2].split() == ["energy", "1", *["1.000"] * 4]
        assert any(line.startswith("slice one ") for line in lines)

    def test_gold_that_was_learned_from_is_left_out(
        self, seeds_folder: Path, models: str, gold: Path, capsys: Capture
    ) -> None:
        learned = {**GOLD, "title": "خبر دیگر"}
        gold.write_text(json.dumps(learned), "utf-8")
        options = ["--seeds", str(seeds_folder), "--models", models]
        counted = seeds_folder / "counted" / "desk.jsonl"
        assert main([*options, "count", str(gold), str(counted)]) == 0
        assert main([*options, "evaluate", "--gold", str(gold)]) == 1
        assert f"{gold} holds only articles that are counted seeds" in (
            capsys.readouterr().err
        )
        gold.write_text(f"{json.dumps(GOLD)}\n{json.dumps(learned)}", "utf-8")
        assert main([*options, "evaluate", "--gold", str(gold)]) == 0
        out = capsys.readouterr().out
        assert out.startswith("all: 1 articles\n")
        assert out.endswith("\n1 more articles are counted seeds, and left out\n")

    def test_bad_gold(self, models: str, gold: Path, capsys: Capture) -> None:
        gold.write_text("[]")
        assert main(["--models", models, "evaluate", "--gold", str(gold)]) == 1
        assert capsys.readouterr().err.startswith(f"training: {gold}, line 1: ")

    def test_no_model(self, tmp_path: Path, capsys: Capture) -> None:
        assert main(["--models", str(tmp_path), "evaluate"]) == 1
        assert "run `make train`" in capsys.readouterr().err

    def test_no_seed_held_out(
        self, seeds_folder: Path, models: str, capsys: Capture
    ) -> None:
        for path in (
            *seeds_folder.glob("articles/*"),
            *seeds_folder.glob("passages/*"),
        ):
            path.unlink()
        options = ["--seeds", str(seeds_folder), "--models", models]
        assert main([*options, "evaluate"]) == 1
        assert "holds no held-out text; add " in capsys.readouterr().err


class TestCheckSeeds:
    def test_bad(self, seeds_folder: Path, capsys: Capture) -> None:
        (seeds_folder / "articles" / "new.md").write_text("متن")
        assert main(["--seeds", str(seeds_folder), "check-seeds"]) == 1
        assert "line 1: no front matter; " in capsys.readouterr().err


class TestCount:
    def test_good(self, seeds_folder: Path, gold: Path, capsys: Capture) -> None:
        target = seeds_folder / "counted" / "new.jsonl"
        options = ["--seeds", str(seeds_folder), "count", str(gold), str(target)]
        assert main(options) == 0
        assert capsys.readouterr().out == f"1 counted seeds in {target}\n"
        assert target.exists()

    def test_bad(self, small_seeds: Path, tmp_path: Path, capsys: Capture) -> None:
        options = ["--seeds", str(small_seeds), "count", "none.jsonl"]
        assert main([*options, str(tmp_path / "new.jsonl")]) == 1
        assert "none.jsonl cannot be read" in capsys.readouterr().err

    def test_folder_that_cannot_be_written(
        self, small_seeds: Path, gold: Path, capsys: Capture
    ) -> None:
        target = gold / "new.jsonl"
        options = ["--seeds", str(small_seeds), "count", str(gold), str(target)]
        assert main(options) == 1
        assert capsys.readouterr().err.startswith(f"training: {gold}")


@pytest.mark.parametrize(
    "arguments",
    [[], ["teach"], ["count", "one"], ["--seed"], ["robustness", "--first", "0"]],
)
def test_usage_error(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stopped:
        main(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("usage: python -m training ")


def test_python_m_training(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-m", "training", "--models", str(tmp_path), "evaluate"],
        cwd=ROOT,
        env={"PATH": os.defpath, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        check=False,
    )
    assert finished.returncode == 1
    assert finished.stderr.decode().startswith(f"training: {tmp_path} holds no live")
