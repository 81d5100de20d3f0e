"""No file made by an attacker is run, and none gets past `load`."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from service.tagging import unpickler
from service.tagging.model_file import ModelFileError, load
from tests.tagging import hostile
from tests.tagging.hostile import MARKER, PICKLES


@pytest.fixture(autouse=True)
def _nothing_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    with hostile.extension():
        yield
    assert not MARKER.exists()


@pytest.mark.parametrize("content", PICKLES.values(), ids=PICKLES)
def test_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "model.joblib"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=r"model\.joblib.*make train"):
        load(path)


def test_payload_would_run() -> None:
    path, arguments = hostile.Payload().__reduce__()
    path(*arguments)
    assert MARKER.exists()
    MARKER.unlink()


def test_wrapper_is_what_joblib_writes(tmp_path: Path) -> None:
    """The hostile arrays are refused for what was changed, not for a slip of ours."""
    path = tmp_path / "array"
    content = hostile.string("array") + hostile.wrapper()
    path.write_bytes(hostile.PICKLES["empty dict"][:2] + b"}" + content + b"s.")
    array = unpickler.read_mapped(path)["array"]
    assert array.tobytes() == b"abc"
