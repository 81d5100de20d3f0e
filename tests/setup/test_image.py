import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SCRIPT = ROOT / "deploy" / "image.sh"
# Answers like podman: the layers of each image are lines of a file of the image's name.
PODMAN = """#!/bin/sh
echo "$@" >>"$ENGINE/asked"
case "$1 $2" in
"image inspect") cat "$ENGINE/$5" ;;
"images --all") cat "$ENGINE/images" ;;
"build "*) echo new >>"$ENGINE/images" ;;
esac
"""


@pytest.fixture
def engine(tmp_path: Path) -> Path:
    """A folder with a podman and the two images that it knows."""
    for name in ("cat", "dirname", "sh", "sort", "xargs"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    (tmp_path / "podman").write_text(PODMAN)
    (tmp_path / "podman").chmod(0o755)
    (tmp_path / "images").write_text("old\n")
    for image in ("barchasb", "barchasb:again"):
        (tmp_path / image).write_text("sha256:base\nsha256:packages\n")
    return tmp_path


def run(engine: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [SCRIPT, *arguments],
        env={"PATH": str(engine), "ENGINE": str(engine)},
        capture_output=True,
        text=True,
        check=False,
    )


def builds(engine: Path) -> list[str]:
    asked = (engine / "asked").read_text().splitlines()
    return [line for line in asked if line.startswith("build ")]


def test_every_file_gets_one_time(engine: Path) -> None:
    assert run(engine, "build", "--pull").returncode == 0
    (build,) = builds(engine)
    stamp = re.search(r"--timestamp (\d+) .*--tag barchasb --pull \.$", build)
    assert stamp
    assert f"--build-arg SOURCE_DATE_EPOCH={stamp[1]} " in build
    dockerfile = (ROOT / "Dockerfile").read_text("utf-8")
    assert f"ARG SOURCE_DATE_EPOCH={stamp[1]}\n" in dockerfile


def test_the_same_layers_pass_and_are_named(engine: Path) -> None:
    finished = run(engine, "again", "barchasb", "--pull")
    assert finished.returncode == 0, finished.stderr
    assert finished.stdout.endswith("same:\nsha256:base\nsha256:packages\n")
    (build,) = builds(engine)
    assert "--no-cache" in build
    assert build.endswith("--tag barchasb:again --pull .")


def test_another_layer_fails_and_is_named(engine: Path) -> None:
    (engine / "barchasb:again").write_text("sha256:base\nsha256:other\n")
    finished = run(engine, "again", "barchasb")
    assert finished.returncode == 1
    assert "sha256:packages" in finished.stderr
    assert "sha256:other" in finished.stderr


def test_only_what_the_second_build_left_is_removed(engine: Path) -> None:
    run(engine, "again", "barchasb")
    assert (engine / "asked").read_text().splitlines()[-1] == "rmi --force new"


def test_without_a_builder_one_line_says_so(engine: Path) -> None:
    (engine / "podman").unlink()
    finished = run(engine, "build")
    assert finished.returncode == 1
    assert finished.stderr.count("\n") == 1
    assert "needs a running docker, or podman, or buildah" in finished.stderr
