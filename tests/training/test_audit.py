import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest

from service.tagging.topics import Topic
from training.__main__ import main
from training.audit import audit
from training.audit.coverage import (
    FLOOR,
    FREQUENT,
    thin_topics,
    unbalanced_forms,
    unheld_words,
)
from training.audit.findings import (
    Finding,
    read_explained,
    report,
    short_digest,
    stale,
    topic_key,
    unexplained,
)
from training.seed_files import SeedError
from training.seeds import Seed, SeedSet, read_seeds

TOPICS = """\
[harvest]
fa = "برداشت"
en = "Harvest"
covers = "برداشت محصول"
excludes = "پختن"

[sailing]
fa = "دریانوردی"
en = "Sailing"
covers = "قایق و دریا"
excludes = "شنا"
"""
FRUIT = ["سیب", "انار", "گیلاس", "زردآلو", "پسته", "گردو", "بادام", "انگور", "خرما"]
TOWN = ["تبریز", "مشهد", "اهواز", "ساری", "یزد", "همدان", "کرمان", "سمنان"]
WIND = ["آرام", "تند", "شمالی", "جنوبی", "سرد", "گرم", "شبانه"]


def _passages() -> list[tuple[list[str], str]]:
    found = []
    for number in range(56):
        fruit, town = FRUIT[number % 9], TOWN[number % 8]
        wind, also = WIND[number % 7], FRUIT[(number // 9) % 9]
        carried = f"برداشت {fruit} و {also} در باغ‌های {town} آغاز شد و کارگران چیدند"
        sails = (
            f"قایق بادبانی {town} با باد {wind} از دریا گذشت و ملوانان {also} خوردند"
        )
        found.append((["harvest"], carried))
        found.append((["sailing"], sails))
    return found


def _write(folder: Path, passages: Sequence[tuple[list[str], str]]) -> Path:
    (folder / "passages").mkdir(parents=True)
    (folder / "articles").mkdir()
    (folder / "counted").mkdir()
    (folder / "topics.toml").write_text(TOPICS, "utf-8")
    lines = [
        json.dumps({"text": text, "topics": topics, "kind": "test"}, ensure_ascii=False)
        for topics, text in passages
    ]
    (folder / "passages/one.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    return folder


def _of_kind(findings: Sequence[Finding], kind: str) -> list[Finding]:
    return [finding for finding in findings if finding.key.split()[0] == kind]


def _seed(text: str, *topics: str) -> Seed:
    return Seed("", text, frozenset(topics), frozenset(), False, (), "test", "here")


def _seed_set(seeds: Sequence[Seed]) -> SeedSet:
    topic = Topic("harvest", "برداشت", "Harvest", "", "")
    return SeedSet((topic,), tuple(seeds), "0" * 16)


@dataclass(frozen=True)
class Planted:
    """Seeds with one wrong topic, one near-duplicate and one contradiction."""

    folder: Path
    seed_set: SeedSet
    findings: list[Finding]

    def digest(self, words: str) -> str:
        found = [seed for seed in self.seed_set.seeds if words in seed.text]
        assert len(found) == 1
        return short_digest(found[0])


WRONG = "برداشت انار در باغ‌های شیراز آغاز شد و کارگران سیب و انگور و گیلاس چیدند"
TWICE = "چهار کوهنورد جوان دیشب زیر بهمن سنگین قله دنا ماندند و امدادگران رسیدند"
OPPOSED = "شهردار کهنسال روستای ابیانه درختکاری میدان مرکزی دبستان دخترانه را ستود"


@pytest.fixture(scope="module")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    passages = [
        *_passages(),
        (["sailing"], WRONG),
        ([], TWICE),
        ([], f"{TWICE}."),
        (["harvest"], OPPOSED),
        ([], f"{OPPOSED} امروز"),
    ]
    folder = _write(tmp_path_factory.mktemp("planted") / "seeds", passages)
    seed_set = read_seeds(folder)
    return Planted(folder, seed_set, audit(seed_set, folder))


def test_audit_finds_a_wrong_topic(planted: Planted) -> None:
    digest = planted.digest(WRONG)
    keys = {finding.key for finding in _of_kind(planted.findings, "topic")}
    assert topic_key(digest, "harvest", given=False) in keys
    assert topic_key(digest, "sailing", given=True) in keys


def test_audit_shows_where_a_doubt_is_and_why(planted: Planted) -> None:
    digest = planted.digest(WRONG)
    key = topic_key(digest, "harvest", given=False)
    shown = next(one.text for one in planted.findings if one.key == key)
    assert "one.jsonl, line 113" in shown
    assert "برداشت" in shown
    assert WRONG in shown


def test_audit_finds_a_near_duplicate(planted: Planted) -> None:
    (found,) = _of_kind(planted.findings, "duplicate")
    pair = [short_digest(one) for one in planted.seed_set.seeds if TWICE in one.text]
    assert found.key == f"duplicate {' '.join(sorted(pair))}"


def test_audit_finds_a_contradiction(planted: Planted) -> None:
    (found,) = _of_kind(planted.findings, "contradiction")
    pair = [short_digest(one) for one in planted.seed_set.seeds if OPPOSED in one.text]
    assert found.key == f"contradiction {' '.join(sorted(pair))} harvest"


def test_audit_is_the_same_twice(planted: Planted) -> None:
    assert audit(planted.seed_set, planted.folder) == planted.findings


def test_passage_need_not_carry_what_its_article_carries(tmp_path: Path) -> None:
    folder = _write(tmp_path / "seeds", [*_passages(), ([], OPPOSED)])
    front = '+++\ntopics = ["harvest"]\nsource = "test"\nwritten = 2026-01-01\n+++\n'
    article = f"{front}برداشت گندم\n\n{OPPOSED}.\nبرداشت گندم در دشت آغاز شد.\n"
    (folder / "articles/one.md").write_text(article, "utf-8")
    findings = audit(read_seeds(folder), folder)
    assert not _of_kind(findings, "contradiction")
    assert len(_of_kind(findings, "duplicate")) == 1


def test_counted_articles_are_compared_as_a_whole(tmp_path: Path) -> None:
    folder = _write(tmp_path / "seeds", _passages())
    words = {f"کلمه{letter}": 1 for letter in "ابپتثجچحخدذرزسشصضطظعغفقکگ"}
    one = {"topics": ["harvest"], "borderline": [], "passages": [words, {"باغ": 2}]}
    other = {"topics": [], "borderline": [], "passages": [words, {"دریا": 1}]}
    named = {"topics": [], "borderline": ["harvest"], "passages": [words, {"کوه": 1}]}
    lines = [
        json.dumps({"article": f"{number:012x}"} | entry, ensure_ascii=False)
        for number, entry in enumerate((one, other, named))
    ]
    (folder / "counted/one.jsonl").write_text("\n".join(lines) + "\n", "utf-8")
    (found,) = _of_kind(audit(read_seeds(folder), folder), "contradiction")
    assert "line 1 (harvest)" in found.text
    assert "line 2 (no topic)" in found.text


def test_few_seeds_are_audited_too(tmp_path: Path) -> None:
    folder = _write(tmp_path / "seeds", [(["harvest"], "سیب"), ([], "قایق در باد")])
    keys = {finding.key for finding in audit(read_seeds(folder), folder)}
    assert keys == {"thin harvest", "thin sailing"}


def test_topic_at_the_floor_is_not_thin() -> None:
    seeds = [_seed(f"متن {number}", "harvest") for number in range(FLOOR)]
    assert not list(thin_topics(_seed_set(seeds)))
    (found,) = thin_topics(_seed_set(seeds[1:]))
    assert found.key == "thin harvest"


def test_form_out_of_balance_is_found() -> None:
    typed = [_seed(f"باغ\u200cها {number}", "harvest") for number in range(60)]
    other = [_seed(f"باغ ها {number}") for number in range(60)]
    keys = {finding.key for finding in unbalanced_forms(_seed_set([*typed, *other]))}
    assert keys == {"form harvest non-joiner", "form harvest spaced"}


def test_forms_in_balance_are_not_found() -> None:
    typed = [_seed(f"باغ\u200cها {number}", "harvest") for number in range(60)]
    other = [_seed(f"کوه\u200cها {number}") for number in range(60)]
    assert not list(unbalanced_forms(_seed_set([*typed, *other])))
    assert not list(unbalanced_forms(_seed_set(typed)))


def test_frequent_words_that_no_seed_holds_are_found(tmp_path: Path) -> None:
    background = tmp_path / "background.tsv"
    rows = [f"باغ\t{FREQUENT}", f"کوه\t{FREQUENT}", f"دشت\t{FREQUENT - 1}"]
    background.write_text("# words\n" + "\n".join(rows) + "\n", "utf-8")
    assert [one.key for one in unheld_words(["باغهای"], background)] == ["word کوه"]
    assert not list(unheld_words(["باغهای", "سیاهکوه"], background))
    assert not list(unheld_words([], tmp_path / "absent.tsv"))


def test_bad_background_is_refused_with_its_line(tmp_path: Path) -> None:
    background = tmp_path / "background.tsv"
    background.write_text("باغ\t30\nکوه\n", "utf-8")
    with pytest.raises(SeedError, match="line 2"):
        list(unheld_words([], background))


def test_explained_findings_are_not_shown(planted: Planted) -> None:
    key = planted.findings[0].key
    left = unexplained(planted.findings, {key: "looked at"})
    assert [one.key for one in left] == [one.key for one in planted.findings[1:]]


def test_explanation_without_a_reason_is_refused(tmp_path: Path) -> None:
    (tmp_path / "audited.toml").write_text('"thin a" = "few"\n"thin b" = " "\n')
    with pytest.raises(SeedError, match="line 2"):
        read_explained(tmp_path)


def test_nothing_is_explained_without_a_file(tmp_path: Path) -> None:
    assert read_explained(tmp_path) == {}


def test_explanation_is_stale_when_its_seed_or_its_topics_change() -> None:
    seed, other = _seed("متن", "harvest"), _seed("دیگر")
    digest, second = short_digest(seed), short_digest(other)
    keys = {
        f"topic {digest} harvest given": False,
        f"topic {digest} harvest missing": True,
        "topic 000000000000 harvest given": True,
        f"duplicate {digest} {second}": False,
        f"duplicate {digest} 000000000000": True,
        "word کوه": True,
        "thin harvest": False,
    }
    findings = [Finding("thin harvest", "")]
    gone = stale(keys, findings, _seed_set([seed, other]))
    assert gone == [key for key, expected in keys.items() if expected]


def test_report_counts_and_names_what_is_left(tmp_path: Path) -> None:
    findings = [Finding("thin a", "3 seeds"), Finding("word کوه", "in 40 articles")]
    shown = report(findings[:1], len(findings), ["thin b"], tmp_path)
    assert "2 findings, 1 of them explained" in shown
    assert "3 seeds" in shown
    assert "کوه" not in shown
    assert "thin b" in shown


def test_check_seeds_fails_until_all_is_explained(
    planted: Planted, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["--seeds", str(planted.folder), "check-seeds"]
    assert main(command) == 1
    assert planted.findings[0].key in capsys.readouterr().out
    lines = [f'"{finding.key}" = "looked at"' for finding in planted.findings]
    (planted.folder / "audited.toml").write_text("\n".join(lines), "utf-8")
    assert main(command) == 0
    assert "Correct the seeds" not in capsys.readouterr().out
