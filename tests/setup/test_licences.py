import re

import pytest

from requirements import licences


@pytest.fixture(scope="module")
def found() -> list[licences.Package]:
    return licences.packages()


def test_every_lock_is_read() -> None:
    locks = {path.stem for path in licences.FOLDER.glob("*.txt")}
    assert set(licences.LOCKS) == locks
    wheels = (licences.FOLDER / "check-wheels.sh").read_text("utf-8")
    assert set(re.findall(r"^for lock in (.+); do", wheels, re.M)[0].split()) == locks


def test_every_licence_is_allowed(found: list[licences.Package]) -> None:
    assert licences.refusals(found) == []


def test_the_table_is_what_is_installed(found: list[licences.Package]) -> None:
    written = licences.TABLE.read_text("utf-8")
    assert written == licences.as_table(found), "run make licences"


def test_nothing_is_read_that_is_stated() -> None:
    assert licences.stale_readings() == [], "take these out of [read]"


def test_the_whole_image_is_permissive(found: list[licences.Package]) -> None:
    image = [package for package in found if licences.IMAGE in package.locks]
    assert {"flask", "gunicorn", "numba", "numpy"} <= {
        package.name for package in image
    }
    for package in image:
        for copyleft in ("GPL", "MPL", "EPL", "CDDL"):
            assert copyleft not in package.licence


@pytest.mark.parametrize(
    ("licence", "locks", "refusal"),
    [
        ("GPL-3.0-only", ("dev",), "GPL-3.0-only is not allowed by licences.toml"),
        ("MIT AND AGPL-3.0-only", ("dev",), "MIT AND AGPL-3.0-only is not allowed"),
        ("MPL-2.0", ("runtime", "dev"), "MPL-2.0 is not for the image"),
        ("", ("build",), "states no licence; read its licence file"),
    ],
)
def test_a_refusal_names_package_licence_and_cure(
    licence: str, locks: tuple[str, ...], refusal: str
) -> None:
    (line,) = licences.refusals([licences.Package("zest", licence, locks)])
    assert line.startswith(f"zest: {refusal}")


@pytest.mark.parametrize(
    ("licence", "covered"),
    [
        ("MIT", True),
        ("MIT OR GPL-3.0-only", True),
        ("MIT AND GPL-3.0-only", False),
        ("Apache-2.0 WITH LLVM-exception AND MIT", True),
        ("MIT WITH LLVM-exception", False),
    ],
)
def test_one_of_alternatives_is_enough(licence: str, covered: bool) -> None:
    allowed = ["MIT", "Apache-2.0 WITH LLVM-exception"]
    assert licences.is_covered(licence, allowed) is covered
