"""What starts the service elsewhere is valid, and names settings that there are."""

import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from service.web.settings import Settings
from tests.deploy.promql import DEPLOY

ROOT = DEPLOY.parent
UNIT = DEPLOY / "systemd" / "barchasb.service"


def test_compose_file_is_valid() -> None:
    schema = ["--builtin-schema", "vendor.compose-spec"]
    ended = subprocess.run(
        [sys.executable, "-m", "check_jsonschema", *schema, DEPLOY / "compose.yaml"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="systemd is not installed"
)
def test_unit_is_valid(tmp_path: Path) -> None:
    """With what it starts in place of what it would start."""
    unit = tmp_path / UNIT.name
    content = UNIT.read_text("utf-8")
    unit.write_text(
        content.replace("/opt/barchasb/.venv/bin/python", sys.executable).replace(
            "/opt/barchasb", str(ROOT)
        )
    )
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", unit],  # noqa: S607 - where it is
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stderr) == (0, "")


@pytest.mark.parametrize(
    "path",
    [
        "barchasb.env.example",
        "compose.yaml",
        "README.md",
        "systemd/barchasb.service",
        "nginx/barchasb.conf",
        "helm/barchasb/values.yaml",
    ],
)
def test_settings_that_are_named_are_there(path: str) -> None:
    known = {f"BARCHASB_{field.name.upper()}" for field in dataclasses.fields(Settings)}
    named = set(re.findall(r"BARCHASB_[A-Z_]+\b", (DEPLOY / path).read_text("utf-8")))
    assert named - {"BARCHASB_URL", "BARCHASB_KEY"} <= known
