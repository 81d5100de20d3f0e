"""`python -m benchmarks.mishaps`, with a small model."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.tagging.model_store import ModelStore

ROOT = Path(__file__).parents[2]


def can_mount() -> bool:
    """Whether disks of one's own can be mounted here."""
    command = "unshare --mount mount -t tmpfs tmpfs /mnt"
    if os.geteuid() != 0 or not hasattr(os, "unshare"):
        return False
    return subprocess.run(command.split(), check=False, timeout=10).returncode == 0


@pytest.mark.slow
@pytest.mark.skipif(not can_mount(), reason="only root can mount disks, on Linux")
def test_service_holds(store: ModelStore) -> None:
    """In a process of its own, which sees other mounts than this one."""
    ended = subprocess.run(
        [sys.executable, "-m", "benchmarks.mishaps", "--models", store.root],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert [line.split() for line in ended.stdout.splitlines()] == [
        ["clock", "held"],
        ["full", "held"],
        ["read_only", "held"],
    ]
