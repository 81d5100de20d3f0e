import json
import shutil
from pathlib import Path

import pytest

from benchmarks.evaluate import main
from benchmarks.keywords import KeywordList
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article
from service.tagging.topics import Topic
from training.seeds import read_seeds

SEEDS = Path(__file__).parents[1] / "seeds"
TOPIC = Topic("energy", "انرژی", "Energy", "نفت", "بازیکنان")


@pytest.fixture
def two_words(store: ModelStore) -> KeywordList:
    return KeywordList((TOPIC,), (("نیروگا*", "برق"),), store.live().reading)


@pytest.mark.parametrize(
    ("text", "hits"),
    [
        ("نیروگاه\u200cهای تازه", 1),
        ("برق و برق و نیروگاهی", 3),
        ("برقی", 0),
        ("", 0),
    ],
)
def test_words_and_beginnings_are_counted(
    two_words: KeywordList, text: str, hits: int
) -> None:
    (tagged,) = two_words.tag([Article("", text)])
    assert tagged.topics[0].score == hits / (hits + 1)
    assert tagged.topics[0].assigned == (hits > 0)


def test_the_title_counts(two_words: KeywordList) -> None:
    (tagged,) = two_words.tag([Article("برق", "")])
    assert tagged.topics[0].assigned


def test_words_are_drawn_from_the_seeds(store: ModelStore) -> None:
    reading = store.live().reading
    keywords = KeywordList.from_seeds(read_seeds(SEEDS), reading)
    assert keywords == KeywordList.from_seeds(read_seeds(SEEDS), reading)
    (tagged,) = keywords.tag([Article("", "خاموشی برق و نیروگاه و نفت و گاز")])
    assert [one.id for one in tagged.topics if one.assigned] == ["energy"]


def test_the_list_stands_beside_the_tagger(
    store: ModelStore,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "figures.json"
    folders = ["--seeds", str(SEEDS), "--models", str(store.root)]
    assert main([*folders, "--words", "--json", str(path)]) == 0
    printed = capsys.readouterr().out
    assert "keyword list" in printed
    assert "energy: " in printed
    figures = json.loads(path.read_text("utf-8"))
    assert "macro_f1_gain" in figures["all"]["peers"]["keyword list"]


def test_a_missing_model_is_reported(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--models", str(tmp_path)]) == 1
    assert "make train" in capsys.readouterr().err


def test_figures_that_cannot_be_written_are_reported(
    store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folders = ["--seeds", str(SEEDS), "--models", str(store.root)]
    assert main([*folders, "--json", str(tmp_path)]) == 1
    assert capsys.readouterr().err == f"benchmarks: {tmp_path}: Is a directory\n"


def test_topics_that_the_model_lacks_are_passed_by(
    store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    seeds = shutil.copytree(SEEDS, tmp_path / "seeds")
    for path in seeds.rglob("*.*"):  # football is renamed, and no training yet
        path.write_text(path.read_text("utf-8").replace("football", "soccer"), "utf-8")
    options = ["--seeds", str(seeds), "--models", str(store.root)]
    assert main(options) == 0
    out = capsys.readouterr().out
    assert "\nenergy " in out
    assert "football" not in out
    assert "soccer" not in out
    topics = (seeds / "topics.toml").read_text("utf-8")
    (seeds / "topics.toml").write_text(topics.replace("[energy]", "[power]"), "utf-8")
    for path in seeds.glob("*/*"):
        path.write_text(path.read_text("utf-8").replace('"energy"', '"power"'), "utf-8")
    assert main(options) == 1
    assert "has no topic of the model; run `make train`" in capsys.readouterr().err
