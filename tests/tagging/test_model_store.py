"""Versions are whole or not there, and the pointer names a usable one or stays."""

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from service.tagging import model_file
from service.tagging.model_file import Model, ModelFileError
from service.tagging.model_store import ModelStore


class CrashError(Exception):
    """The process ends here."""


@pytest.fixture
def store(tmp_path: Path) -> ModelStore:
    return ModelStore(tmp_path / "not yet" / "models")


@pytest.fixture
def promoted(store: ModelStore, model: Model) -> str:
    """The live version of the store."""
    version = store.add(model)
    store.promote(version)
    return version


@pytest.fixture
def other(model: Model) -> Model:
    return replace(model, seeds="of other seeds")


def crash(*_: object, **__: object) -> None:
    raise CrashError


def test_empty_store(store: ModelStore) -> None:
    assert store.versions() == []
    assert store.live_version() is None
    with pytest.raises(ModelFileError, match=r"no live model; run `make train`"):
        store.live()


def test_add_and_promote(store: ModelStore, model: Model, other: Model) -> None:
    first, second = store.add(model), store.add(other)
    assert store.versions() == sorted([first, second])
    assert store.live_version() is None
    store.promote(first)
    assert (store.live_version(), store.live().version) == (first, first)
    store.promote(second)
    assert store.live().seeds == "of other seeds"
    store.promote(first)
    assert store.live().seeds == model.seeds


def test_same_model_is_kept_once(store: ModelStore, model: Model) -> None:
    assert store.add(model) == store.add(model)
    assert len(store.versions()) == 1
    assert [path.name for path in store.root.iterdir()] == store.versions()


def test_what_stands_beside_a_model_is_renewed(store: ModelStore, model: Model) -> None:
    folder = store.root / store.add(model, {"card.html": "کارت", "card.json": "{}"})
    assert (folder / "card.html").read_text("utf-8") == "کارت"
    assert store.add(model) == folder.name
    assert (folder / "card.html").exists()
    assert store.add(model, {"card.html": "تازه"}) == folder.name
    assert (folder / "card.html").read_text("utf-8") == "تازه"
    assert (folder / "card.json").read_text("utf-8") == "{}"
    assert [path.name for path in store.root.iterdir()] == [folder.name]


def test_manifest(store: ModelStore, model: Model) -> None:
    folder = store.root / store.add(model)
    size = (folder / "model.joblib").stat().st_size
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    assert manifest == {"version": folder.name, "bytes": size}


def test_others_may_read_it(store: ModelStore, model: Model) -> None:
    folder = store.root / store.add(model)
    assert folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("step", ["rename", "write_text", "chmod"])
def test_crash_while_adding(
    step: str,
    store: ModelStore,
    promoted: str,
    other: Model,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(Path, step, crash)
        with pytest.raises(CrashError):
            store.add(other)
    assert store.versions() == [promoted]
    assert store.live().version == promoted


def test_kill_while_adding(
    store: ModelStore, promoted: str, other: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is cleaned up then, and what is left is no version."""
    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        patch.setattr("shutil.rmtree", lambda *_, **__: None)
        with pytest.raises(CrashError):
            store.add(other)
    assert len([*store.root.glob(".new-*/model.joblib")]) == 1
    assert store.versions() == [promoted]
    second = store.add(other)
    store.promote(second)
    assert store.live_version() == second


def test_crash_while_promoting(
    store: ModelStore, promoted: str, other: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    second = store.add(other)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", crash)
        with pytest.raises(CrashError):
            store.promote(second)
    assert store.live().version == promoted
    assert store.versions() == sorted([promoted, second])


def empty(path: Path) -> None:
    path.write_bytes(b"")


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-1])


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def other_model(path: Path) -> None:
    path.unlink()
    model = model_file.load(next(path.parent.parent.glob("*/model.joblib")))
    model_file.save(replace(model, seeds="of others"), path)


@pytest.mark.parametrize("damage", [empty, cut, flip, other_model, Path.unlink])
def test_damage(
    damage: Callable[[Path], None], store: ModelStore, promoted: str, other: Model
) -> None:
    second = store.add(other)
    damage(store.root / second / "model.joblib")
    with pytest.raises(ModelFileError, match=r"damaged|does not exist.*`make train`"):
        store.promote(second)
    assert store.live().version == promoted


def test_live_version_is_damaged(store: ModelStore, promoted: str) -> None:
    flip(store.root / promoted / "model.joblib")
    with pytest.raises(ModelFileError, match=r"is damaged.*`make train`"):
        store.live()


@pytest.mark.parametrize(
    "version", ["", ".", "..", "0123456789abcdef", "../models", "/etc", "live", "*"]
)
def test_unknown_version(version: str, store: ModelStore, promoted: str) -> None:
    for use in (store.load, store.promote):
        with pytest.raises(ModelFileError, match=r"does not exist; run `make train`"):
            use(version)
    assert store.live_version() == promoted


@pytest.mark.parametrize("pointer", [b"", b"\n", b"\xff\xfe", b"0" * 16, b"../..\n"])
def test_damaged_pointer(pointer: bytes, store: ModelStore, promoted: str) -> None:
    (store.root / "live").write_bytes(pointer)
    with pytest.raises(ModelFileError, match=r"does not exist; run `make train`"):
        store.live()
    store.promote(promoted)
    assert store.live().version == promoted
