"""Versions are whole or not there, and the pointer names a usable one or stays."""

import contextlib
import json
import os
import shutil
import threading
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
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


def test_a_service_of_another_user_can_read_what_is_live(
    store: ModelStore, model: Model
) -> None:
    before = os.umask(0o077)
    try:
        version = store.add(model, {"card.html": "کارت"})
        store.promote(version)
    finally:
        os.umask(before)
    there = [*(store.root / version).iterdir(), store.root / "live"]
    assert len(there) == 4
    assert {path.stat().st_mode & 0o777 for path in there} == {0o644}


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


def test_version_is_on_disk_before_it_can_be_named(
    store: ModelStore, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: set[int] = set()
    at_rename: set[int] = set()
    rename = Path.rename

    def watch(path: Path, target: Path) -> Path:
        at_rename.update(synced)
        return rename(path, target)

    monkeypatch.setattr(os, "fsync", lambda file: synced.add(os.fstat(file).st_ino))
    monkeypatch.setattr(Path, "rename", watch)
    folder = store.root / store.add(model, {"card.html": "کارت"})
    assert {path.stat().st_ino for path in folder.iterdir()} <= at_rename


def test_adding_waits_for_who_prunes(
    store: ModelStore, promoted: str, model: Model, other: Model
) -> None:
    store.promote(store.add(other))
    store.promote(store.add(replace(model, seeds="third")))
    added: list[str] = []
    adding = threading.Thread(
        target=lambda: added.append(store.add(model, {"card.html": "کارت"}))
    )

    def meet(_: str) -> None:
        adding.start()
        adding.join(0.3)
        assert not added

    store.prune(0, timedelta(0), meet)
    adding.join()
    assert added == [promoted]
    assert store.verify(promoted).version == promoted
    assert (store.root / promoted / "card.html").exists()


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


def test_full_disk_takes_no_half_version(
    store: ModelStore, promoted: str, other: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_model: Model, path: Path) -> str:
        path.write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(model_file, "save", fail)
    with pytest.raises(ModelFileError, match=f"{store.root} .*No space.*make room"):
        store.add(other)
    assert [one.name for one in store.root.iterdir() if one.name[0] == "."] == []
    assert store.versions() == [promoted]


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


@pytest.mark.parametrize("damage", [empty, cut, flip, Path.unlink])
@pytest.mark.parametrize("file", ["model.joblib", "manifest.json"])
def test_same_model_mends_a_damaged_version(
    file: str,
    damage: Callable[[Path], None],
    store: ModelStore,
    promoted: str,
    model: Model,
) -> None:
    damage(store.root / promoted / file)
    assert store.add(model) == promoted
    store.promote(promoted)
    assert store.verify(promoted).version == promoted


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


def test_pointer_that_cannot_be_a_path(store: ModelStore, promoted: str) -> None:
    (store.root / "live").write_bytes(b"a\0b\n")
    assert store.stamp()[0] == "a\0b"
    with pytest.raises(ModelFileError, match="does not exist"):
        store.live()
    assert store.before() == promoted


@pytest.fixture
def three(store: ModelStore, promoted: str, model: Model) -> list[str]:
    """Versions in the order in which they were promoted."""
    versions = [promoted]
    for seeds in ("second", "third"):
        versions.append(store.add(replace(model, seeds=seeds)))
        store.promote(versions[-1])
    return versions


class TestRollBack:
    def test_each_goes_one_further_back(
        self, store: ModelStore, three: list[str]
    ) -> None:
        first, second, third = three
        assert (store.live_version(), store.before()) == (third, second)
        assert store.roll_back() == second
        assert (store.live_version(), store.before()) == (second, first)
        assert store.roll_back() == first
        assert store.before() is None
        with pytest.raises(ModelFileError, match=r"no version.*`barchasb model list`"):
            store.roll_back()
        assert store.live_version() == first

    def test_promotion_goes_on_from_there(
        self, store: ModelStore, three: list[str]
    ) -> None:
        first, second, third = three
        store.roll_back()
        store.roll_back()
        store.promote(third)
        assert store.before() == first
        store.promote(second)
        assert store.roll_back() == third
        assert store.roll_back() == first

    def test_promoted_twice_is_live_once(
        self, store: ModelStore, three: list[str]
    ) -> None:
        store.promote(three[2])
        assert store.roll_back() == three[1]

    def test_back_and_forth(self, store: ModelStore, three: list[str]) -> None:
        for version in (three[1], three[2], three[1], three[2]):
            store.promote(version)
        back = [store.roll_back() for _ in range(6)]
        assert back == [three[place] for place in (1, 2, 1, 2, 1, 0)]

    def test_damaged_version_stays_out(
        self, store: ModelStore, three: list[str]
    ) -> None:
        flip(store.root / three[1] / "model.joblib")
        with pytest.raises(ModelFileError, match="is damaged"):
            store.roll_back()
        assert store.live_version() == three[2]

    def test_removed_version_is_passed_over(
        self, store: ModelStore, three: list[str]
    ) -> None:
        shutil.rmtree(store.root / three[1])
        assert store.roll_back() == three[0]

    def test_pointer_without_a_history(
        self, store: ModelStore, promoted: str, other: Model
    ) -> None:
        (store.root / "promoted").unlink()
        assert store.before() is None
        store.promote(store.add(other))
        assert store.before() == promoted

    def test_history_without_a_pointer(
        self, store: ModelStore, three: list[str]
    ) -> None:
        (store.root / "live").unlink()
        assert store.roll_back() == three[2]

    @pytest.mark.parametrize("pointer", ["\0" * 17, "../elsewhere", ""])
    def test_damaged_pointer(
        self, store: ModelStore, three: list[str], pointer: str
    ) -> None:
        """As a power cut may leave it."""
        (store.root / "live").write_text(pointer, "utf-8")
        (store.root.parent / "elsewhere").mkdir()
        assert store.roll_back() == three[2]
        assert store.live_version() == three[2]
        assert not [*store.root.parent.rglob("rolled-back")]

    def test_pointer_moved_by_hand(self, store: ModelStore, three: list[str]) -> None:
        (store.root / "live").write_text(f"{three[1]}\n", "utf-8")
        assert store.before() == three[0]
        (store.root / "live").write_text("nothing\n", "utf-8")
        assert store.before() == three[2]

    def test_crash_between_history_and_pointer(
        self,
        store: ModelStore,
        three: list[str],
        model: Model,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        fourth = store.add(replace(model, seeds="fourth"))
        replace_file = Path.replace

        def replace_history_only(path: Path, target: Path) -> Path:
            if target.name == "live":
                raise CrashError
            return replace_file(path, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", replace_history_only)
            with pytest.raises(CrashError):
                store.promote(fourth)
        assert store.live_version() == three[2]
        assert store.roll_back() == three[1]

    @pytest.mark.parametrize("failing", [1, 2, 3])
    @pytest.mark.parametrize("error", [CrashError(), OSError(28, "No space left")])
    def test_version_that_was_live_twice_keeps_the_one_before(
        self,
        failing: int,
        error: Exception,
        store: ModelStore,
        three: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        """Whichever of the renames of a roll-back fails."""
        _, second, third = three
        store.promote(second)
        replace_file = Path.replace
        renamed = []

        def fail(path: Path, target: Path) -> Path:
            renamed.append(target)
            if len(renamed) == failing:
                raise error
            return replace_file(path, target)

        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", fail)
            with contextlib.suppress(CrashError, ModelFileError):
                store.roll_back()
        live = store.live_version()
        assert live == (second if failing < 3 else third)
        back = [store.roll_back() for _ in range(3 if live == second else 2)]
        assert back == [third, second, three[0]][-len(back) :]
        assert store.before() is None

    @pytest.mark.parametrize("name", ["live", "promoted"])
    def test_full_disk_moves_nothing(
        self,
        name: str,
        store: ModelStore,
        three: list[str],
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        replace_file = Path.replace

        def fail(path: Path, target: Path) -> Path:
            if target.name == name:
                raise OSError(28, "No space left on device")
            return replace_file(path, target)

        told = f"{store.root / name} cannot be written .No space.*make room"
        with monkeypatch.context() as patch:
            patch.setattr(Path, "replace", fail)
            with pytest.raises(ModelFileError, match=told):
                store.roll_back()
            assert store.live_version() == three[2]
            with pytest.raises(ModelFileError, match=told):
                store.promote(three[0])
            assert store.live_version() == three[2]
        assert {path.name for path in store.root.iterdir()} == {
            *three,
            "live",
            "promoted",
        }
        assert store.roll_back() == three[1]

    def test_history_has_an_end(
        self, store: ModelStore, three: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("service.tagging.pointer._REMEMBERED", 2)
        store.promote(three[0])
        assert (store.root / "promoted").read_text("utf-8").split() == [
            three[2],
            three[0],
        ]

    def test_nothing_is_left_beside(self, store: ModelStore, three: list[str]) -> None:
        store.roll_back()
        names = {path.name for path in store.root.iterdir()}
        assert names == {*three, "live", "promoted"}

    def test_folder_that_is_not_there(self, tmp_path: Path) -> None:
        with pytest.raises(ModelFileError, match=r"does not exist; run `make train`"):
            ModelStore(tmp_path / "none").roll_back()


class TestVerify:
    def test_whole(self, store: ModelStore, promoted: str) -> None:
        assert store.verify(promoted).version == promoted

    @pytest.mark.parametrize(
        "content", [None, b"", b"[" * 100_000, b"\xff", b"{}", b'{"version": "a"}']
    )
    def test_manifest_is_not_its_own(
        self, content: bytes | None, store: ModelStore, promoted: str
    ) -> None:
        manifest = store.root / promoted / "manifest.json"
        manifest.unlink() if content is None else manifest.write_bytes(content)
        with pytest.raises(ModelFileError, match=rf"^{manifest} is .*`make train`"):
            store.verify(promoted)
        assert store.live().version == promoted

    def test_damaged_file(self, store: ModelStore, promoted: str) -> None:
        flip(store.root / promoted / "model.joblib")
        with pytest.raises(ModelFileError, match="is damaged"):
            store.verify(promoted)

    def test_file_that_cannot_be_read(
        self, store: ModelStore, promoted: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def refuse(_: Path) -> str:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr(model_file, "version_of", refuse)
        with pytest.raises(ModelFileError, match="cannot be read: Permission denied"):
            store.verify(promoted)


class TestPrune:
    @pytest.fixture
    def aged(self, store: ModelStore, three: list[str], model: Model) -> list[str]:
        """Five versions, the first five days old, the last one; the third is live."""
        later = (replace(model, seeds=seeds) for seeds in ("fourth", "fifth"))
        versions = [*three, *map(store.add, later)]
        now = time.time()
        for days, version in zip((5, 4, 3, 2, 1), versions, strict=True):
            written = now - days * 86_400 - 60
            os.utime(store.root / version / "model.joblib", (written, written))
        return versions

    def prune(self, store: ModelStore, keep: int, days: int) -> list[str]:
        removed: list[str] = []
        store.prune(keep, timedelta(days=days), removed.append)
        return removed

    def test_newest_first(self, store: ModelStore, aged: list[str]) -> None:
        assert [one.version for one in store.kept()] == aged[::-1]
        sizes = {one.size for one in store.kept()}
        assert min(sizes) > 10_000

    def test_version_that_goes_while_they_are_listed(
        self, store: ModelStore, aged: list[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(store, "versions", lambda: [*aged, "0" * 16])
        assert [one.version for one in store.kept()] == aged[::-1]

    @pytest.mark.parametrize(
        ("keep", "days", "removed"),
        [
            (0, 0, [4, 3, 0]),
            (1, 0, [3, 0]),
            (3, 0, [0]),
            (5, 0, []),
            (0, 2, [3, 0]),
            (0, 5, [0]),
            (0, 6, []),
            (2, 3, [0]),
            (9, 0, []),
        ],
    )
    def test_by_number_and_age(
        self,
        keep: int,
        days: int,
        removed: list[int],
        store: ModelStore,
        aged: list[str],
    ) -> None:
        gone = [aged[place] for place in removed]
        assert self.prune(store, keep, days) == gone
        assert store.versions() == sorted({*aged} - {*gone})
        assert store.live().version == aged[2]
        assert store.roll_back() == aged[1]

    def test_nothing_is_left_of_it(self, store: ModelStore, aged: list[str]) -> None:
        self.prune(store, 0, 0)
        names = {path.name for path in store.root.iterdir()}
        assert names == {aged[1], aged[2], "live", "promoted"}

    def test_what_killed_commands_left_goes_too(
        self, store: ModelStore, aged: list[str]
    ) -> None:
        left = [store.root / name for name in (".old-x", ".new-x", ".new-y")]
        for folder in left:
            folder.mkdir()
            (folder / "model.joblib").write_bytes(b"half")
        os.utime(left[1], (0, 0))
        for name in (".live-4711", ".promoted-4711"):
            left.append(store.root / name)
            left[-1].write_text("half")
        assert self.prune(store, 9, 0) == []
        assert [one.name for one in left if one.exists()] == [".new-y"]
        assert store.versions() == sorted(aged)


def test_stamp_tells_what_was_written_anew(store: ModelStore, promoted: str) -> None:
    stamps = [store.stamp(), store.stamp()]
    assert stamps[0] == stamps[1]
    store.promote(promoted)
    path = store.root / promoted / "model.joblib"
    stamps.append(store.stamp())
    content = path.read_bytes()
    path.unlink()
    stamps.append(store.stamp())
    path.write_bytes(content)
    stamps.append(store.stamp())
    assert len(set(stamps)) == 4
    assert {stamp[0] for stamp in stamps} == {promoted}
