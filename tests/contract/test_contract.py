"""The service held to its own description by requests that schemathesis makes up.

All of its checks and phases are on. BARCHASB_CONTRACT_EXAMPLES is how many requests it
makes up for an operation in each phase.
"""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler

from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.keys import KeyFile
from service.web.settings import Settings
from tests.web.serving import serving

ROOT = Path(__file__).parents[2]
EXAMPLES = os.environ.get("BARCHASB_CONTRACT_EXAMPLES", "25")  # noqa: TID251 - a setting of the tests alone

pytestmark = pytest.mark.contract


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_request(self, *_: object) -> None:
        """Say nothing of what is asked: it is much."""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="module")
def address(tagger: Tagger, keys: Path) -> Iterator[str]:
    """The real application and the small model, on a free port of this machine."""
    settings = Settings(keys=keys, anonymous="tag")
    app = create_app(lambda: tagger, settings, lambda _: b"<!doctype html>")
    with serving(app, _Quiet) as address:
        yield address


def test_schemathesis_finds_nothing(address: str, keys: Path, tmp_path: Path) -> None:
    key = KeyFile(keys).make("contract", ("tag", "admin"))
    found = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            *(f"{address}/openapi.json", "--checks", "all"),
            *("--phases", "examples,coverage,fuzzing,stateful"),
            *("--max-examples", EXAMPLES, "--no-color"),
            *("--header", f"Authorization: Bearer {key}"),
        ],
        cwd=tmp_path,
        env={
            "PATH": os.defpath,
            "PYTHONPATH": str(ROOT),
            "SCHEMATHESIS_HOOKS": "tests.contract.hooks",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    print(found.stdout)  # noqa: T201 - the summary, with pytest -s
    assert found.returncode == 0, found.stdout + found.stderr
    assert "warning" not in found.stdout
    assert "API Links:    1 covered / 1 selected" in found.stdout
