"""Counting where the disk has no room."""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

import pytest

from service.web import metrics_file, metrics_folder
from service.web.metrics_file import MetricsFile, Value

ROOT = Path(__file__).parents[2]

# In a process of its own: how to count is chosen when the library is imported.
_COUNT = """
import os, sys
taken = os.posix_fallocate
left = int(sys.argv[1])
def take(file, place, size):
    if size > left:
        raise OSError(28, "No space left on device")
    taken(file, place, size)
os.posix_fallocate = take
from service.web.metrics import Metrics
metrics = Metrics(lambda: None)
metrics.registry.unregister(next(iter(metrics.registry._collector_to_names)))
for status in (*range(400), 0):
    metrics.answered("GET", f"/{status % 20}", status, 20.0, {})
labels = {"method": "GET", "route": "/0", "status": "0"}
print(metrics.registry.get_sample_value("barchasb_requests_total", labels))
print(metrics._of_routes["GET", "/0", 0].answers.get())
for route in range(20):  # a histogram is in the sum as a whole
    labels = {"method": "GET", "route": f"/{route}"}
    number, total = (
        metrics.registry.get_sample_value(f"barchasb_request_seconds_{part}", labels)
        for part in ("count", "sum")
    )
    assert abs((number or 0) * 20 - (total or 0)) < 1e-9, (route, number, total)
"""


@pytest.mark.parametrize(
    ("room", "counted", "told"),
    [(1 << 30, "2.0", 0), (1 << 16, "2.0", 1), (0, "None", 3)],
    ids=["room", "room at first", "no room"],
)
def test_process_counts_on_in_memory(
    room: int, counted: str, told: int, tmp_path: Path
) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", _COUNT, str(room)],
        cwd=ROOT,
        env={"PATH": os.defpath, metrics_folder.VARIABLE: str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert ended.stdout.split() == [counted, "2.0"], ended.stderr
    assert ended.stderr.count("has no room") == told


def leave_room(monkeypatch: pytest.MonkeyPatch, room: int) -> None:
    """Have the disk refuse a file of more bytes."""
    take = metrics_file._take
    monkeypatch.setattr(
        metrics_file, "_take", lambda file, size: size <= room and take(file, size)
    )


@pytest.mark.parametrize("room", [1 << 30, 1 << 16, 0])
def test_values_stay_whatever_the_room(
    room: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_room(monkeypatch, room)
    path = tmp_path / "counter.db"
    counts = MetricsFile(str(path))
    names = [f"name {number:0500}" for number in range(200)]
    for number, name in enumerate(names):
        counts.write_value(name, float(number), 0.0)
    kept = {name: value for name, value, *_ in counts.read_all_values()}
    assert [counts.read_value(name)[0] for name in names] == [*map(float, range(200))]
    assert len(kept) == 200
    counts.close()
    assert path.exists() is (room > 0)


def test_what_was_counted_before_the_room_ended_is_counted_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_room(monkeypatch, 1 << 16)
    path = tmp_path / "counter.db"
    counts = MetricsFile(str(path))
    values = {}
    for number in range(200):
        key = f"name {number:0500}"
        value = values[key] = Value("counter", "", "", (), (), "")
        counts.hold(key, value)
        value.inc(1.0)
    for value in values.values():
        value.inc(1.0)
    assert [counts.read_value(key)[0] for key in values] == [2.0] * 200
    on_disk = [value for _, value, *_ in MetricsFile.read_all_values_from_file(path)]
    assert 0 < len(on_disk) < 200
    assert set(on_disk) == {1.0}
    for value in values.values():
        value.cell = ctypes.c_double()  # lets go of the file
    counts.close()
