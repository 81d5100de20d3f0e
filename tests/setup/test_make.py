import re
import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TARGETS = {
    "help",
    "setup",
    "serve",
    "train",
    "evaluate",
    "robustness",
    "count",
    "test",
    "check",
    "check-seeds",
    "bench",
    "image",
    "check-image",
    "check-wheels",
    "licences",
    "sbom",
    "clean",
}
# None of these folders has a Python.
TOOLS = ("awk", "cat", "chmod", "cksum", "cp", "dirname", "make", "mkdir", "rm", "sh")


def make(
    *targets: str, path: str, folder: Path = ROOT
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("make") or "make", *targets],
        cwd=folder,
        env={"PATH": path, "HOME": "/nonexistent"},
        capture_output=True,
        text=True,
        check=False,
    )


def write_python(path: Path) -> None:
    """A Python that is fit for everything and does nothing but make .venv."""
    path.write_text(
        "#!/bin/sh\n"
        'if [ "$1 $2" = "-m venv" ]; then mkdir -p .venv/bin; '
        'cp "$0" .venv/bin/python; fi\n'
    )
    path.chmod(0o755)


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    """A folder of commands that lacks Python, to be the whole PATH."""
    folder = tmp_path / "tools"
    folder.mkdir()
    for name in TOOLS:
        (folder / name).symlink_to(shutil.which(name) or name)
    return folder


def test_help_lists_every_target(tools: Path) -> None:
    listed = re.findall(
        r"^  make (\S+) +\S", make("help", path=str(tools)).stdout, re.M
    )
    assert set(listed) == TARGETS
    assert len(listed) == len(TARGETS)


def test_targets_follow_each_other_whatever_jobs_are_allowed(
    tmp_path: Path, tools: Path
) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    (tools / "sleep").symlink_to(shutil.which("sleep") or "sleep")
    for name in ("requirements/install.sh", ".venv/bin/python"):
        path = tmp_path / name
        path.parent.mkdir(parents=True)
        path.write_text("#!/bin/sh\necho begin; sleep 0.1; echo end\n")
        path.chmod(0o755)
    told = make(
        "-j4", "check-seeds", "train", "setup", path=str(tools), folder=tmp_path
    )
    assert told.stdout.split() == ["begin", "end"] * 4, told.stderr


def test_count_says_what_it_needs(tmp_path: Path, tools: Path) -> None:
    shutil.copy(ROOT / "Makefile", tmp_path)
    install = tmp_path / "requirements" / "install.sh"
    install.parent.mkdir()
    install.write_text("#!/bin/sh\n")
    install.chmod(0o755)
    told = make("count", "FROM=x.jsonl", path=str(tools), folder=tmp_path)
    assert "make count needs FROM=graded.jsonl TO=seeds/counted/" in told.stderr


def test_readme_names_every_target() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    assert set(re.findall(r"\bmake ([a-z-]+)", readme)) >= TARGETS


def test_documents_name_no_other_target() -> None:
    for name in ("README.md", "CONTRIBUTING.md"):
        text = (ROOT / name).read_text("utf-8")
        commands = re.findall(r"`make ([a-z -]+)[`A-Z]|^make ([a-z -]+)", text, re.M)
        named = {
            target for pair in commands for part in pair for target in part.split()
        }
        assert named <= TARGETS


def test_python_version_agrees_everywhere() -> None:
    wanted = (ROOT / ".python-version").read_text("utf-8").strip()
    assert wanted == "3.12"
    assert f"ARG BASE_IMAGE=python:{wanted}-" in (ROOT / "Dockerfile").read_text(
        "utf-8"
    )
    assert f'requires-python = ">={wanted},' in (ROOT / "pyproject.toml").read_text(
        "utf-8"
    )
    compile_script = (ROOT / "requirements" / "compile.sh").read_text("utf-8")
    assert f"--python-version {wanted} " in compile_script


class TestInstall:
    @pytest.fixture
    def project(self, tmp_path: Path) -> Path:
        """A copy of what installing reads, in a folder without .venv."""
        project = tmp_path / "project"
        shutil.copytree(ROOT / "requirements", project / "requirements")
        shutil.copy(ROOT / ".python-version", project)
        return project

    def install(self, project: Path, path: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "requirements/install.sh", "training"],
            cwd=project,
            env={"PATH": path, "HOME": "/nonexistent"},
            capture_output=True,
            text=True,
            check=False,
        )

    def test_missing_python_gives_one_line(self, project: Path, tools: Path) -> None:
        finished = self.install(project, str(tools))
        assert finished.returncode == 1
        assert finished.stdout == ""
        assert finished.stderr.count("\n") == 1
        assert finished.stderr.startswith("Barchasb needs Python 3.12 with venv")

    def test_no_home_is_needed(self, project: Path, tools: Path) -> None:
        finished = subprocess.run(
            ["/bin/sh", "requirements/install.sh", "training"],
            cwd=project,
            env={"PATH": str(tools)},
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.stderr.startswith("Barchasb needs Python 3.12 with venv")

    def test_wrong_python_counts_as_missing(self, project: Path, tools: Path) -> None:
        """A pyenv shim for a version that is not installed fails like this."""
        for name in ("python3.12", "python3", "python"):
            (tools / name).write_text("#!/bin/sh\nexit 1\n")
            (tools / name).chmod(0o755)
        finished = self.install(project, str(tools))
        assert finished.returncode == 1
        assert finished.stderr.startswith("Barchasb needs Python 3.12 with venv")

    def test_second_install_does_nothing(self, project: Path, tools: Path) -> None:
        write_python(tools / "python3.12")
        first = self.install(project, str(tools))
        assert first.returncode == 0, first.stderr
        assert re.findall(r"^\[\d/\d\]", first.stdout, re.M) == [
            "[1/3]",
            "[2/3]",
            "[3/3]",
        ]
        second = self.install(project, str(tools))
        assert (second.returncode, second.stdout, second.stderr) == (0, "", "")

    def test_environment_whose_python_is_gone_is_made_anew(
        self, project: Path, tools: Path
    ) -> None:
        write_python(tools / "python3.12")
        self.install(project, str(tools))
        (project / ".venv" / "bin" / "python").unlink()
        bench = project / ".venv-bench" / ".holds-bench"
        bench.parent.mkdir()
        bench.touch()
        again = self.install(project, str(tools))
        assert "[1/3] Creating .venv" in again.stdout
        assert not bench.exists()

    def test_changed_lock_is_installed(self, project: Path, tools: Path) -> None:
        write_python(tools / "python3.12")
        self.install(project, str(tools))
        with (project / "requirements" / "dev.txt").open("a") as lock:
            lock.write("# changed\n")
        again = self.install(project, str(tools))
        assert "[1/3] Using .venv" in again.stdout
        assert "[2/3] Installing requirements/training.txt" in again.stdout

    def test_moved_folder_gets_a_new_environment(
        self, project: Path, tools: Path
    ) -> None:
        write_python(tools / "python3.12")
        self.install(project, str(tools))
        moved = project.rename(project.parent / "moved")
        assert "[1/3] Creating .venv" in self.install(moved, str(tools)).stdout
