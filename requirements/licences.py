"""Writes docs/licences.md: every locked package, its licence, and the locks it is in.

usage: python -m requirements.licences    (in .venv; this is `make licences`)
"""

import re
import sys
import tomllib
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, metadata
from pathlib import Path
from typing import NamedTuple

from license_expression import LicenseExpression, Licensing
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

FOLDER = Path(__file__).parent
TABLE = FOLDER.parent / "docs" / "licences.md"
LOCKS = ("runtime", "training", "archive", "dev", "bench", "build")
IMAGE = "runtime"  # the lock whose packages the image carries
_KNOWN = tomllib.loads((FOLDER / "licences.toml").read_text("utf-8"))
_HEAD = """\
# Licences

Every package of every lock, with its licence in SPDX. `make licences` writes this from
what packages state and from `requirements/licences.toml`, which says what is allowed; a
test holds both to what is installed. More: [supply-chain.md](supply-chain.md).

| package | licence | in the locks |
|---|---|---|
"""


class Package(NamedTuple):
    """A locked package.

    Attributes:
        name: Its name as locks spell it.
        licence: An SPDX expression; empty where none is known.
        locks: The names of the locks that hold it.
    """

    name: str
    licence: str
    locks: tuple[str, ...]


def packages() -> list[Package]:
    """All packages of all locks, by name."""
    pinned = {
        lock: set(re.findall(r"^([\w.-]+)==", _lock_text(lock), re.M)) for lock in LOCKS
    }
    return [
        Package(name, _licence_of(name), tuple(k for k in LOCKS if name in pinned[k]))
        for name in sorted(set().union(*pinned.values()))
    ]


def refusals(found: list[Package]) -> list[str]:
    """What is wrong with licences, a line for each package, with the cure."""
    return [
        f"{package.name}: {_refusal(package)}" for package in found if _refusal(package)
    ]


def stale_readings() -> list[str]:
    """Packages of [read] whose metadata has come to state a licence."""
    return [name for name in _KNOWN["read"] if _stated(name)]


def is_covered(licence: str, allowed: Collection[str]) -> bool:
    """Whether some of the allowed licences are enough for an SPDX expression."""
    licensing = Licensing()

    def covered(part: LicenseExpression) -> bool:
        if not part.args:
            return part.render() in allowed
        enough = any if isinstance(part, licensing.OR) else all
        return enough(covered(arg) for arg in part.args)

    return covered(licensing.parse(licence))


def as_table(found: list[Package]) -> str:
    """The text of docs/licences.md."""
    rows = [f"| {one.name} | {one.licence} | {', '.join(one.locks)} |" for one in found]
    return _HEAD + "\n".join(rows) + "\n"


def _lock_text(lock: str) -> str:
    return (FOLDER / f"{lock}.txt").read_text("utf-8")


def _licence_of(name: str) -> str:
    known = _KNOWN["read"] | _KNOWN["elsewhere"]
    return _stated(name) or known.get(name, "")


def _stated(name: str) -> str:
    """The licence in an installed package's metadata; empty where it is left open."""
    try:
        stated = metadata(name)
    except PackageNotFoundError:
        return ""
    for field in ("License-Expression", "License"):
        try:
            return canonicalize_license_expression(stated.get(field) or "")
        except InvalidLicenseExpression:  # prose, as older packages have it
            continue
    said = [line.split(" :: ")[-1] for line in stated.get_all("Classifier") or ()]
    return next(
        (_KNOWN["classifiers"][x] for x in said if x in _KNOWN["classifiers"]), ""
    )


def _refusal(package: Package) -> str:
    if not package.licence:
        return "states no licence; read its licence file, and add it to licences.toml"
    if is_covered(package.licence, _KNOWN["permissive"]):
        return ""
    if not is_covered(package.licence, _KNOWN["permissive"] + _KNOWN["not_in_image"]):
        return f"{package.licence} is not allowed by licences.toml; do without it"
    return f"{package.licence} is not for the image" if IMAGE in package.locks else ""


if __name__ == "__main__":
    everything = packages()
    TABLE.write_text(as_table(everything), "utf-8")
    if wrong := refusals(everything):
        sys.exit("\n".join(wrong))
