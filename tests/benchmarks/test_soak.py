import asyncio
from pathlib import Path

import pytest

from benchmarks.serving import served
from benchmarks.soak import is_flat, soak
from service.tagging.model_store import ModelStore


@pytest.mark.parametrize(
    ("looks", "flat"),
    [
        ([100.0] * 18, True),
        ([100.0] * 10 + [130.0] * 2 + [101.0] * 6, True),
        ([80.0] + [100.0] * 17, True),
        ([100.0 + place for place in range(18)], False),
        ([100.0] * 12 + [106.0] * 6, False),
    ],
)
def test_growth_is_told_from_a_peak(looks: list[float], flat: bool) -> None:
    assert is_flat(looks) is flat


@pytest.mark.slow
def test_every_kind_of_request_is_sent(store: ModelStore, tmp_path: Path) -> None:
    """The short form of `python -m benchmarks.siege soak`."""
    settings = {"BARCHASB_QUEUE_MS": "10000"}
    with served(store.root, tmp_path / "log", **settings) as (port, pid):
        _, told = asyncio.run(soak(port, pid, "صادرات برق ادامه دارد. " * 9, 0.5))
    assert told.count(" had ") == 2
    assert told.count("×") == 2
    log = (tmp_path / "log").read_text("utf-8")
    for route in ("/v1/classify", "/v1/classify/batch", "/metrics", "/"):
        assert f'"route":"{route}"' in log
