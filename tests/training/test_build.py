import shutil
from pathlib import Path

import joblib
import pytest

from service.tagging.model_file import Model
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger
from training.build import build, is_current
from training.seed_files import SeedError
from training.seeds import digest


def files(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


@pytest.fixture(scope="module")
def built(small_seeds: Path, tmp_path_factory: pytest.TempPathFactory) -> ModelStore:
    """A store that a build has written to, in one process; not to be changed."""
    store = ModelStore(tmp_path_factory.mktemp("built"))
    with joblib.parallel_config(backend="sequential"):
        build(small_seeds, store)
    return store


def test_builds_in_other_folders_are_identical(
    built: ModelStore,
    small_seeds: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Even when seeds lie elsewhere, and the fitting runs in processes."""
    seeds = tmp_path / "elsewhere" / "seeds"
    shutil.copytree(small_seeds, seeds)
    build(seeds, ModelStore(tmp_path / "models"))
    assert files(tmp_path / "models") == files(built.root)
    progress = capsys.readouterr().err
    assert "fitting topics" in progress
    assert "100%" in progress


def test_model_is_live_and_tags(built: ModelStore) -> None:
    model = built.live()
    assert built.versions() == [model.version]
    (tagged,) = Tagger(model).tag([Article("", "خاموشی برق به نیروگاه گازی رسید.")])
    assert [one.topic.id for one in tagged.topics if one.assigned] == ["energy"]


def test_model_tells_its_origin(built: ModelStore, small_seeds: Path) -> None:
    model = built.live()
    assert model.seeds == digest(small_seeds)
    assert {"python", "hazm", "numpy", "scikit-learn"} <= set(model.libraries)
    assert [topic.id for topic in model.topics] == ["energy", "football"]
    assert model.evaluation["articles"] > 0
    assert set(model.evaluation) >= {"energy", "football", "macro", "micro"}


class TestIsCurrent:
    def test_same_seeds(self, built: ModelStore, small_seeds: Path) -> None:
        assert is_current(small_seeds, built)

    def test_other_seeds(self, built: ModelStore, seeds_folder: Path) -> None:
        assert not is_current(seeds_folder, built)

    def test_no_model(self, small_seeds: Path, tmp_path: Path) -> None:
        assert not is_current(small_seeds, ModelStore(tmp_path))

    def test_damaged_model(
        self, built: ModelStore, small_seeds: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(built.root, tmp_path / "models")
        store = ModelStore(tmp_path / "models")
        path = store.root / str(store.live_version()) / "model.joblib"
        path.write_bytes(path.read_bytes()[:-1])
        assert not is_current(small_seeds, store)


class TestBadSeeds:
    def test_nothing_is_written(self, seeds_folder: Path, tmp_path: Path) -> None:
        with (seeds_folder / "passages" / "energy.jsonl").open("a") as file:
            file.write("nonsense\n")
        with pytest.raises(SeedError, match="no JSON"):
            build(seeds_folder, ModelStore(tmp_path / "models"))
        assert not (tmp_path / "models").exists()

    def test_live_model_stays(
        self, store: ModelStore, model: Model, seeds_folder: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(store.root, tmp_path / "models")
        (seeds_folder / "topics.toml").unlink()
        with pytest.raises(SeedError):
            build(seeds_folder, ModelStore(tmp_path / "models"))
        assert files(tmp_path / "models") == files(store.root)
        assert ModelStore(tmp_path / "models").live().seeds == model.seeds
