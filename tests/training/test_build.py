import json
import shutil
import subprocess
import sys
from pathlib import Path

import joblib
import pytest

from service.tagging.model_file import SCORE_EDGES, Model
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger
from training.__main__ import main
from training.build import build
from training.card import Card
from training.corpus import is_held_out
from training.current import COMPARISON, why_current
from training.seed_files import SeedError
from training.seeds import digest, read_seeds

ROOT = Path(__file__).parents[2]


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
    assert sorted(path.name for path in (built.root / model.version).iterdir()) == [
        "card.html",
        "card.json",
        "manifest.json",
        "model.joblib",
    ]
    (tagged,) = Tagger(model).tag([Article("", "خاموشی برق به نیروگاه گازی رسید.")])
    assert [one.id for one in tagged.topics if one.assigned] == ["energy"]


def test_model_tells_its_origin(built: ModelStore, small_seeds: Path) -> None:
    model = built.live()
    assert model.seeds == digest(small_seeds)
    assert {"python", "hazm", "numpy", "scikit-learn"} <= set(model.libraries)
    assert [topic.id for topic in model.topics] == ["energy", "football"]
    assert model.evaluation["articles"] > 0
    assert set(model.evaluation) >= {"energy", "football", "macro", "micro"}


def test_model_tells_what_articles_score_that_it_had_not_seen(
    built: ModelStore,
) -> None:
    scores = built.live().evaluation["scores"]
    assert scores["edges"] == list(SCORE_EDGES)
    articles = {topic: sum(counts) for topic, counts in scores["counts"].items()}
    assert set(articles) == {"energy", "football"}
    assert min(articles.values()) > 0


class TestWhyCurrent:
    def test_same_seeds(self, built: ModelStore, small_seeds: Path) -> None:
        reason = f"model {built.live_version()} is up to date"
        assert why_current(small_seeds, built) == reason

    def test_other_seeds(self, built: ModelStore, seeds_folder: Path) -> None:
        assert why_current(seeds_folder, built) is None

    def test_no_model(self, small_seeds: Path, tmp_path: Path) -> None:
        assert why_current(small_seeds, ModelStore(tmp_path)) is None

    def test_damaged_model(
        self, built: ModelStore, small_seeds: Path, tmp_path: Path
    ) -> None:
        shutil.copytree(built.root, tmp_path / "models")
        store = ModelStore(tmp_path / "models")
        path = store.root / str(store.live_version()) / "model.joblib"
        path.write_bytes(path.read_bytes()[:-1])
        assert why_current(small_seeds, store) is None

    def test_needs_no_library_of_training(
        self, built: ModelStore, small_seeds: Path
    ) -> None:
        """They take longer to import than all else takes."""
        options = ["--seeds", str(small_seeds), "--models", str(built.root)]
        code = (
            "import sys; from training.__main__ import main; "
            f"assert main({[*options, 'build', '--if-needed']}) == 0; "
            "sys.exit(str({'hazm', 'sklearn', 'matplotlib'} & {*sys.modules}))"
        )
        finished = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=False,
        )
        assert finished.stderr == "set()\n"


class TestGuard:
    """A live model, and seeds that have been spoilt since."""

    @pytest.fixture(autouse=True)
    def _no_pictures(self, monkeypatch: pytest.MonkeyPatch) -> None:
        """They take longer than so small a training."""
        monkeypatch.setattr("training.build.make_card", lambda _: Card("<p>", "{}"))

    @pytest.fixture
    def live(self, built: ModelStore, tmp_path: Path) -> ModelStore:
        shutil.copytree(built.root, tmp_path / "models")
        return ModelStore(tmp_path / "models")

    @pytest.fixture
    def spoilt(self, seeds_folder: Path) -> Path:
        """Seeds that teach the one topic for the other; those held out are right."""
        learned = {
            seed.text
            for seed in read_seeds(seeds_folder).seeds
            if not is_held_out(seed)
        }
        other = {"energy": "football", "football": "energy"}
        for path in seeds_folder.glob("passages/*.jsonl"):
            entries = [json.loads(line) for line in path.read_text().splitlines()]
            for entry in entries:
                if entry["text"] in learned:
                    entry["topics"] = [other[topic] for topic in entry["topics"]]
            path.write_text("".join(f"{json.dumps(one)}\n" for one in entries))
        return seeds_folder

    def run(self, seeds: Path, store: ModelStore, *arguments: str) -> int:
        options = ["--seeds", str(seeds), "--models", str(store.root), "build"]
        with joblib.parallel_config(backend="sequential"):
            return main([*options, *arguments])

    def test_worse_is_kept_and_not_promoted(
        self, spoilt: Path, live: ModelStore, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = str(live.live_version())
        assert self.run(spoilt, live) == 1
        assert live.live_version() == before
        (refused,) = {*live.versions()} - {before}
        printed = capsys.readouterr()
        assert printed.out.startswith(f"beside the live model {before}, F1 on 3 ")
        assert f"model {before} stays live; version {refused} " in printed.err
        assert "`make train PROMOTE=anyway`" in printed.err

    def test_worse_is_promoted_anyway(self, spoilt: Path, live: ModelStore) -> None:
        before = str(live.live_version())
        assert self.run(spoilt, live) == 1
        assert self.run(spoilt, live, "--promote-anyway") == 0
        assert live.live_version() != before
        assert len(live.versions()) == 2
        assert self.run(spoilt, live, "--if-needed") == 0

    def test_serving_goes_on_and_nothing_is_trained_twice(
        self, spoilt: Path, live: ModelStore, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = live.live_version()
        assert self.run(spoilt, live, "--if-needed") == 0
        assert self.run(spoilt, live, "--if-needed") == 0
        assert live.live_version() == before
        assert capsys.readouterr().out.endswith(
            "found worse; `make train PROMOTE=anyway` promotes it\n"
        )
        for comparison in live.root.glob(f"*/{COMPARISON}"):
            comparison.write_text("[")
        assert why_current(spoilt, live) is None

    def test_no_worse_is_promoted(self, seeds_folder: Path, live: ModelStore) -> None:
        before = live.live_version()
        assert self.run(seeds_folder, live) == 0
        assert live.live_version() != before
        found = json.loads(
            (live.root / str(live.live_version()) / COMPARISON).read_text("utf-8")
        )
        assert found["live"] == before
        assert found["promoted"] is True
        assert set(found["topics"]) == {"energy", "football"}

    def test_what_was_rolled_back_stays_so(
        self, seeds_folder: Path, live: ModelStore, capsys: pytest.CaptureFixture[str]
    ) -> None:
        before = live.live_version()
        assert self.run(seeds_folder, live) == 0
        after = str(live.live_version())
        assert live.roll_back() == before
        assert self.run(seeds_folder, live, "--if-needed") == 0
        assert live.live_version() == before
        assert capsys.readouterr().out.endswith(
            f"was rolled back; `barchasb model promote {after}` promotes it\n"
        )
        live.promote(after)
        live.promote(str(before))
        assert why_current(seeds_folder, live) is None

    def test_live_model_that_cannot_be_read_counts_as_none(
        self, small_seeds: Path, built: ModelStore, live: ModelStore
    ) -> None:
        (live.root / "live").write_text("0123456789abcdef\n")
        assert self.run(small_seeds, live) == 0
        assert live.live_version() == built.live_version()


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
