import re
import tomllib
from pathlib import Path

import pytest

REQUIREMENTS = Path(__file__).parents[2] / "requirements"
LOCKS = sorted(REQUIREMENTS.glob("*.txt"))


def pins_of(lock: Path) -> dict[str, str]:
    return dict(re.findall(r"^([\w.-]+)==([\w.]+)", lock.read_text("utf-8"), re.M))


def test_each_list_of_requirements_has_its_lock() -> None:
    wanted = {path.stem for path in REQUIREMENTS.glob("*.in")}
    assert {lock.stem for lock in LOCKS} == wanted
    assert wanted == {"archive", "bench", "build", "dev", "runtime", "training"}


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_every_package_is_pinned_and_hashed(lock: Path) -> None:
    text = re.sub(r"\\\n", "", lock.read_text("utf-8"))
    packages = [line for line in text.splitlines() if line and line.lstrip()[0] != "#"]
    assert packages
    for package in packages:
        assert re.match(r"[\w.-]+==[\w.]+ .*--hash=sha256:[0-9a-f]{64}", package)


@pytest.mark.parametrize("lock", LOCKS, ids=lambda lock: lock.name)
def test_no_index_host_or_path_is_named(lock: Path) -> None:
    text = lock.read_text("utf-8")
    assert not re.search(r"://|index-url|find-links|trusted-host|file:| @ ", text)
    assert not re.search(r"(?:^|\s)[/~]", text, re.M)


def test_narrower_locks_hold_the_same_versions() -> None:
    dev = pins_of(REQUIREMENTS / "dev.txt")
    training = pins_of(REQUIREMENTS / "training.txt")
    runtime = pins_of(REQUIREMENTS / "runtime.txt")
    assert runtime.items() <= training.items() <= dev.items()
    archive = pins_of(REQUIREMENTS / "archive.txt")
    assert runtime.items() <= archive.items() <= dev.items()


def test_the_image_gets_nothing_of_training() -> None:
    runtime = pins_of(REQUIREMENTS / "runtime.txt")
    assert not runtime.keys() & {"hazm", "scikit-learn", "scipy", "pandas", "pytest"}


def test_the_extra_is_what_archives_need_beside_the_service() -> None:
    lines = (REQUIREMENTS / "archive.in").read_text("utf-8").splitlines()
    project = tomllib.loads((REQUIREMENTS.parent / "pyproject.toml").read_text("utf-8"))
    extra = project["project"]["optional-dependencies"]["archive"]
    assert extra == [line for line in lines if line[0] not in "#-"]
    runtime = pins_of(REQUIREMENTS / "runtime.txt")
    assert not runtime.keys() & {"dask", *extra}


def test_every_named_requirement_is_in_its_lock() -> None:
    for lock in LOCKS:
        lines = lock.with_suffix(".in").read_text("utf-8").splitlines()
        named = {line.split()[0] for line in lines} - {"#", "-r"}
        assert named <= pins_of(lock).keys()
