import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

ROOT = Path(__file__).parents[2]

pytestmark = pytest.mark.sbom


@pytest.fixture(scope="module")
def text() -> str:
    subprocess.run(["make", "sbom"], cwd=ROOT, check=True)  # noqa: S607 - as people do
    return (ROOT / "build" / "barchasb.cdx.json").read_text("utf-8")


@pytest.fixture(scope="module")
def components(text: str) -> list[dict[str, Any]]:
    return json.loads(text)["components"]


def test_it_is_valid_cyclonedx(text: str) -> None:
    schema = SchemaVersion.from_version(json.loads(text)["specVersion"])
    assert JsonStrictValidator(schema).validate_str(text) is None


def test_it_lists_what_the_image_installs(components: list[dict[str, Any]]) -> None:
    lock = (ROOT / "requirements" / "runtime.txt").read_text("utf-8")
    pins = re.findall(r"^([\w.-]+)==([\w.]+)", lock, re.M)
    assert {component["purl"] for component in components} == {
        f"pkg:pypi/{name}@{version}" for name, version in pins
    }


def test_every_package_states_its_licence(components: list[dict[str, Any]]) -> None:
    assert [one["name"] for one in components if not one.get("licenses")] == []


def test_it_comes_out_the_same(text: str) -> None:
    subprocess.run(["make", "sbom"], cwd=ROOT, check=True)  # noqa: S607 - as people do
    assert (ROOT / "build" / "barchasb.cdx.json").read_text("utf-8") == text
