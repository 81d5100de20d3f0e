import json
from pathlib import Path

import numpy as np
import pytest

from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger
from training.gold import Graded
from training.options import FURNITURE_SETS
from training.respell import characters_only, spaced
from training.robustness import Moved, Piece, measure, read_furniture

PERSIAN = "ادامهٔ گزارش 1٢۳ بهمن: «می\u200cگوید کالا» و سؤال کی است؟"


def respelled(name: str, text: str) -> str:
    return characters_only()[name](text)


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("non-joiner deleted", "می\u200cشود", "میشود"),
        ("Arabic yeh and kaf", "یک", "يك"),
        ("Persian digits", "1٢۳", "۱۲۳"),
        ("Arabic digits", "1٢۳", "١٢٣"),
        ("Latin digits", "1٢۳", "123"),
        ("non-joiner as a not sign", "می\u200cشود", "می¬شود"),
        ("tatweel", "بیشتر ", "بیش\u0640تر "),
        ("harakat", "بیشتر", "بیش\u0650تر"),
        ("presentation forms", "کلا", "\ufb90\ufefc"),
        ("presentation forms", "آب", "\ufe81\ufe8f"),
        ("decomposed (NFD)", "آ", "ا\u0653"),
    ],
)
def test_respelling(name: str, text: str, expected: str) -> None:
    assert respelled(name, text) == expected


@pytest.mark.parametrize("name", characters_only())
def test_every_respelling_changes_text_and_leaves_latin_alone(name: str) -> None:
    assert respelled(name, PERSIAN) != PERSIAN
    assert respelled(name, "plain text") == "plain text"


def test_spaced_puts_a_space_for_a_non_joiner() -> None:
    assert spaced("می\u200cشود") == "می شود"


def test_furniture_sets_share_nothing() -> None:
    development, test = (read_furniture(chosen) for chosen in FURNITURE_SETS)
    for pieces in (development, test):
        kinds = [piece.kind for piece in pieces]  # what is found stands under its kind
        assert len({*kinds}) == len(kinds) >= 20
    lines = [
        {line for piece in pieces for line in piece.text.split("\n")}
        for pieces in (development, test)
    ]
    # Headings such as «بیشتر بخوانید» stand on every site.
    assert not [line for line in lines[0] & lines[1] if len(line.split()) > 2]


def test_moved_counts_articles_and_decisions() -> None:
    moved = Moved(
        np.array([True, True, False, True]),
        np.array([[0.0, 0.01], [0.3, 0.0], [0.0, 0.0], [0.0, 0.06]]),
        np.array([[False, False], [True, False], [False, False], [False, False]]),
    )
    assert moved.identical_scores == 0.25
    assert moved.identical_decisions == 0.875
    assert moved.near == 0.75
    assert moved.farthest == 0.3
    assert moved.unchanged_articles == 0.75
    assert moved.worst(2) == [1, 3]
    assert moved.worst(9) == [1, 3, 0]


def test_characters_move_no_score_and_topics_in_furniture_do(tagger: Tagger) -> None:
    text = "باران دیشب کوچه\u200cهای روستا را گل آلود کرد و می\u200cرود."
    graded = [Graded(Article("باران", text), {}, (), "a")]
    piece = Piece("menu", "خاموشی برق و بنزین و نیروگاه گازی و نفت خام و اوپک.")
    found = measure(tagger, graded, [piece])
    assert all(one.identical_scores == 1 for one in found.characters.values())
    assert set(found.furniture) == {"menu, before", "menu, after"}
    assert all(one.farthest > 0 for one in found.furniture.values())


def test_robustness_prints_targets_and_writes_json(
    store: ModelStore, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.__main__ import main  # noqa: PLC0415  # the command under test

    articles = tmp_path / "articles.jsonl"
    lines = [{"id": name, "text": PERSIAN} for name in ("a", "b", "c")]
    articles.write_text("\n".join(map(json.dumps, lines)), "utf-8")
    path = tmp_path / "found.json"
    options = ["--articles", str(articles), "--first", "2", "--json", str(path)]
    assert main(["--models", str(store.root), "robustness", *options]) == 0
    printed = capsys.readouterr().out
    assert "2 articles" in printed
    _, *rows = printed.partition("\nfurniture")[2].partition("\n\n")[0].splitlines()
    assert "all pieces, mean" in rows[-1]
    assert len({row.index("%") for row in rows}) == 1
    found = json.loads(path.read_text("utf-8"))
    assert found["articles"] == 2
    assert found["characters"]["tatweel"]["identical_scores"] == 1


def test_robustness_without_articles_takes_held_out_seeds(
    store: ModelStore, small_seeds: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from training.__main__ import main  # noqa: PLC0415  # the command under test

    folders = ["--seeds", str(small_seeds), "--models", str(store.root)]
    assert main([*folders, "robustness", "--furniture", "development"]) == 0
    assert "articles changed" in capsys.readouterr().out
