import json
import re
from collections import Counter
from pathlib import Path

import pytest

from service.tagging.features import passages
from training import seeds
from training.compounds import reading_of
from training.inspect_seeds import describe, spelling_form
from training.seed_files import SeedError
from training.seeds import SeedSet, digest, read_seeds

ROOT = Path(__file__).parents[2]
ARTICLE = "articles/village-library.md"
PASSAGES = "passages/energy.jsonl"
COUNTED = "counted/feed.jsonl"
PASSAGE = {"text": "یک جمله تازه درباره برق.", "topics": ["energy"], "kind": "new"}
COUNTS = {
    "article": "8c1f00d5a2e7",
    "topics": [],
    "borderline": [],
    "passages": [{"برق": 1}],
}
MARKED = COUNTS | {"topics": ["energy"], "passages": [{"برق": 1}, {"سد": 1}]}
FRONT = '+++\ntopics = ["energy"]\nsource = "x"\nwritten = 2026-11-22\n+++\n'


def in_json(entry: dict[str, object], **changes: object) -> str:
    changed = {
        key: value for key, value in (entry | changes).items() if value is not None
    }
    return json.dumps(changed, ensure_ascii=False)


class TestRefusals:
    def refusal(self, folder: Path, file: str) -> str:
        """The message of the refusal, its file checked and cut off."""
        with pytest.raises(SeedError) as refused:
            read_seeds(folder)
        message = str(refused.value)
        assert message.startswith(f"{folder / file}, line ")
        told = message.removeprefix(f"{folder / file}, ")
        assert re.fullmatch(r"line \d+: [^;]+; .+", told, re.S)
        return told

    @pytest.mark.parametrize("file", ["topics.toml", ARTICLE, PASSAGES, COUNTED])
    def test_byte_order_mark(self, seeds_folder: Path, file: str) -> None:
        path = seeds_folder / file
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        assert self.refusal(seeds_folder, file) == (
            "line 1: it begins with a byte-order mark; save it as UTF-8 without one"
        )

    @pytest.mark.parametrize("file", ["topics.toml", ARTICLE, PASSAGES, COUNTED])
    def test_not_utf8(self, seeds_folder: Path, file: str) -> None:
        path = seeds_folder / file
        lines = path.read_bytes().split(b"\n")
        lines[1] += " تهران".encode("cp1256")
        path.write_bytes(b"\n".join(lines))
        assert self.refusal(seeds_folder, file) == (
            "line 2: it is not UTF-8; save it as UTF-8"
        )

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("{", "no JSON (Expecting property name enclosed in double quotes)"),
            ("   ", "no JSON (Expecting value)"),
            ("[]", "no object"),
            (in_json(PASSAGE, text=None), "'text' is missing"),
            (in_json(PASSAGE, topics=None), "'topics' is missing"),
            (in_json(PASSAGE, kind=None), "'kind' is missing"),
            (in_json(PASSAGE, lable="x"), "'lable' is not a key of this seed"),
            (in_json(PASSAGE, text=" \n"), "'text' is empty"),
            (in_json(PASSAGE, kind=""), "'kind' is empty"),
            (in_json(PASSAGE, text="\u200c"), "the text is empty"),
            (in_json(PASSAGE, text="۱۴۰۴!"), "the text is empty"),
            (in_json(PASSAGE, text="\u0621 \u0640"), "the text is empty"),
            (in_json(PASSAGE, text=5), "text or kind is no string"),
            (in_json(PASSAGE, kind=[]), "text or kind is no string"),
            (in_json(PASSAGE, topics="energy"), "topics are no list of ids"),
            (in_json(PASSAGE, topics=[1]), "topics are no list of ids"),
            (in_json(PASSAGE, topics=["enrgy"]), "'enrgy' is no topic"),
            (
                '{"text": "برق \\ud83d", "topics": [], "kind": "x"}',
                "the text holds half of a surrogate pair",
            ),
        ],
    )
    def test_passage(self, seeds_folder: Path, line: str, message: str) -> None:
        (seeds_folder / PASSAGES).write_text(f"{in_json(PASSAGE)}\n\n{line}\n", "utf-8")
        refusal = self.refusal(seeds_folder, PASSAGES)
        assert refusal.startswith(f"line 3: {message}; ")

    def test_unknown_topic_names_the_known(self, seeds_folder: Path) -> None:
        (seeds_folder / PASSAGES).write_text(in_json(PASSAGE, topics=["enrgy"]))
        assert self.refusal(seeds_folder, PASSAGES) == (
            "line 1: 'enrgy' is no topic; "
            "use one of energy, football, or add it to topics.toml"
        )

    @pytest.mark.parametrize(
        "name", ["نفت", "سازمان انرژی اتمی ایران", "گروه ۲۰", "صنعت، معدن", "بانک -"]
    )
    def test_name(self, seeds_folder: Path, name: str) -> None:
        (seeds_folder / "names.txt").write_text(f"# بانک\n\n{name}\n", "utf-8")
        assert self.refusal(seeds_folder, "names.txt").startswith(
            "line 3: no name of two or three words; "
        )

    @pytest.mark.parametrize(
        ("content", "line", "message"),
        [
            ("بی پیشانی\n\nمتن", 1, "no front matter"),
            ("+++\ntopics = []\n", 1, "no front matter"),
            (FRONT.replace("\n", "\r\n") + "عنوان\r\nمتن", 1, "no front matter"),
            ("+++\ntopics = [\n+++\nعنوان\nمتن", 2, "no TOML"),
            (f"+++\ntopics = {'[' * 100_000}\n+++\nعنوان\nمتن", 2, "no TOML"),
            (f"+++\ntopics = {'5' * 5_000}\n+++\nعنوان\nمتن", 2, "no TOML"),
            ('+++\nsource = "x"\nwritten = yes\n+++\nعنوان\nمتن', 3, "no TOML"),
            ("+++\n+++\nعنوان\nمتن", 1, "'topics' is missing"),
            (
                FRONT.replace('source = "x"\n', "") + "عنوان\nمتن",
                1,
                "'source' is missing",
            ),
            (
                FRONT.replace("written", "date") + "عنوان\nمتن",
                1,
                "'written' is missing",
            ),
            (
                FRONT.replace("source", "url = 'x'\nsource") + "عنوان\nمتن",
                1,
                "'url' is not a key of this seed",
            ),
            (FRONT.replace('"x"', '" "') + "عنوان\nمتن", 1, "'source' is empty"),
            (FRONT, 6, "title or text is empty"),
            (FRONT + "\nعنوان\n\n", 6, "title or text is empty"),
            (FRONT + "عنوان\n\n***", 6, "the text is empty"),
            (
                FRONT.replace("[", "").replace("]", "") + "عنوان\nمتن",
                2,
                "topics are no list",
            ),
            (FRONT.replace("energy", "enrgy") + "عنوان\nمتن", 2, "'enrgy' is no topic"),
            (
                '+++\nsource = "x"\nwritten = 2026\ntopics = ["enrgy"]\n+++\nا\nب',
                4,
                "'enrgy' is no topic",
            ),
        ],
    )
    def test_article(
        self, seeds_folder: Path, content: str, line: int, message: str
    ) -> None:
        (seeds_folder / ARTICLE).write_bytes(content.encode())
        assert self.refusal(seeds_folder, ARTICLE).startswith(f"line {line}: {message}")

    @pytest.mark.parametrize(
        ("line", "message"),
        [
            ("nonsense", "no JSON (Expecting value)"),
            ("[" * 100_000, "no JSON"),
            ("5" * 5_000, "no JSON"),  # more digits than Python reads
            (in_json(COUNTS, article=None), "'article' is missing"),
            (in_json(COUNTS, article=" "), "'article' is empty"),
            (in_json(COUNTS, borderline=None), "'borderline' is missing"),
            (in_json(COUNTS, text="متن"), "'text' is not a key of this seed"),
            (in_json(COUNTS, topics=["enrgy"]), "'enrgy' is no topic"),
            (in_json(COUNTS, borderline=["enrgy"]), "'enrgy' is no topic"),
            (in_json(COUNTS, graded=["enrgy"]), "'enrgy' is no topic"),
            (in_json(MARKED, graded=["football"]), "it has a topic that it was not"),
            (in_json(COUNTS, passages=[]), "it has no passages"),
            (in_json(COUNTS, passages={"برق": 1}), "it has no passages"),
            (in_json(COUNTS, passages=[{}]), "a passage is no word counts"),
            (in_json(COUNTS, passages=["برق"]), "a passage is no word counts"),
            (in_json(COUNTS, passages=[{"برق": 0}]), "a passage is no word counts"),
            (in_json(COUNTS, passages=[{"برق": 1.5}]), "a passage is no word counts"),
            (in_json(COUNTS, passages=[{"": 1}]), "a passage is no word counts"),
            *(
                (in_json(MARKED, carrying=wrong), "carrying names no passage")
                for wrong in (
                    ["energy"],
                    {"energy": 0},
                    {"energy": []},
                    {"energy": [2]},
                    {"energy": [-1]},
                    {"energy": [True]},
                    {"football": [0]},
                )
            ),
        ],
    )
    def test_counted(self, seeds_folder: Path, line: str, message: str) -> None:
        (seeds_folder / COUNTED).write_text(f"{in_json(COUNTS)}\n{line}\n", "utf-8")
        assert self.refusal(seeds_folder, COUNTED).startswith(f"line 2: {message}")

    @pytest.mark.parametrize(
        ("content", "line", "message"),
        [
            ("", 1, "it holds no topic"),
            ("[energy]\nfa = \n", 2, "no TOML"),
            ("# the taxonomy\n\n[Energy]\n", 3, "'Energy' is no topic"),
            ("\nenergy = 1\n", 2, "'energy' is no topic"),
            # Its figures would be overwritten by the counts of scores.
            ("[scores]\n", 1, "'scores' is no topic"),
            (
                '[energy]\nfa = "ا"\nen = "E"\ncovers = "ا"\n',
                1,
                "'excludes' is missing",
            ),
            (
                '\n\n[energy]\nfa = "ا"\nen = "E"\ncovers = "ا"\nexcludes = ""\n',
                3,
                "'excludes' is empty",
            ),
            (
                '[energy]\nfa = "ا"\nen = 1\ncovers = "ا"\nexcludes = "ا"\n',
                1,
                "a value is no string",
            ),
            (
                '[energy]\nar = "ا"\nfa = "ا"\nen = "E"\ncovers = "ا"\nexcludes = ""',
                1,
                "'ar' is not a key of this seed",
            ),
        ],
    )
    def test_topics(
        self, seeds_folder: Path, content: str, line: int, message: str
    ) -> None:
        (seeds_folder / "topics.toml").write_text(content, "utf-8")
        refusal = self.refusal(seeds_folder, "topics.toml")
        assert refusal.startswith(f"line {line}: {message}")

    def test_missing_topics(self, seeds_folder: Path) -> None:
        (seeds_folder / "topics.toml").unlink()
        assert self.refusal(seeds_folder, "topics.toml") == (
            "line 1: it does not exist; restore the file"
        )

    @pytest.mark.parametrize(
        "file", ["articles/new.txt", "passages/new.json", "counted/new.jsonl.bak"]
    )
    def test_file_that_nothing_reads(self, seeds_folder: Path, file: str) -> None:
        (seeds_folder / file).touch()
        assert self.refusal(seeds_folder, file).startswith("line 1: nothing reads it; ")

    def test_folder_that_nothing_reads(self, seeds_folder: Path) -> None:
        (seeds_folder / "articles" / "2025.md").mkdir()
        assert "nothing reads it" in self.refusal(seeds_folder, "articles/2025.md")

    @pytest.mark.parametrize("name", ["health.jsonl", "passage"])
    def test_seeds_beside_the_folders(self, seeds_folder: Path, name: str) -> None:
        if name.endswith(".jsonl"):
            (seeds_folder / name).write_text(in_json(PASSAGE), "utf-8")
        else:
            (seeds_folder / "passages").rename(seeds_folder / name)
        assert self.refusal(seeds_folder, name) == (
            "line 1: nothing reads it; move seeds to articles/, passages/ or counted/, "
            "or take it out"
        )

    def test_empty_folder(self, tmp_path: Path, seeds_folder: Path) -> None:
        (tmp_path / "none").mkdir()
        (seeds_folder / "topics.toml").rename(tmp_path / "none" / "topics.toml")
        with pytest.raises(SeedError, match="it holds no seed; add"):
            read_seeds(tmp_path / "none")

    def test_duplicate_passages(self, seeds_folder: Path) -> None:
        lines = (seeds_folder / PASSAGES).read_text("utf-8").splitlines()
        spaced = json.loads(lines[4])
        spaced = in_json(
            spaced, text=f" {spaced['text'].replace(' ', '  ')}", topics=[]
        )
        (seeds_folder / PASSAGES).write_text("\n".join([*lines, spaced]), "utf-8")
        assert self.refusal(seeds_folder, PASSAGES) == (
            f"line {len(lines) + 1}: the same text stands at "
            f"{seeds_folder / PASSAGES}, line 5; drop one"
        )

    def test_article_that_is_a_passage(self, seeds_folder: Path) -> None:
        first = json.loads((seeds_folder / PASSAGES).read_text("utf-8").split("\n")[0])
        title, text = first["text"].split(" ", 1)
        (seeds_folder / ARTICLE).write_text(f"{FRONT}{title}\n{text}\n", "utf-8")
        assert f"the same text stands at {seeds_folder / ARTICLE}, line 6" in (
            self.refusal(seeds_folder, PASSAGES)
        )

    def test_duplicate_counts(self, seeds_folder: Path) -> None:
        other = in_json(COUNTS, passages=[{"گاز": 2, "برق": 1}], topics=["energy"])
        (seeds_folder / COUNTED).write_text(f"{in_json(COUNTS)}\n{other}\n", "utf-8")
        assert "line 2: the same text stands at" in self.refusal(seeds_folder, COUNTED)


class TestReading:
    def test_every_sort(self, seeds_folder: Path) -> None:
        seed_set = read_seeds(seeds_folder)
        assert [topic.id for topic in seed_set.topics] == ["energy", "football"]
        assert seed_set.topics[0].name_fa == "انرژی"
        assert seed_set.topics[1].excludes == "ورزش\u200cهای دیگر."
        sorts = Counter((seed.whole, bool(seed.counted)) for seed in seed_set.seeds)
        passages = sum(
            len(path.read_text("utf-8").splitlines())
            for path in (seeds_folder / "passages").iterdir()
        )
        assert sorts == {(True, False): 2, (False, False): passages, (True, True): 8}

    def test_article(self, seeds_folder: Path) -> None:
        (seeds_folder / ARTICLE).write_text(
            f"{FRONT}\n عنوان خبر \n\nبند نخست.\n\nبند دوم.\n\n", "utf-8"
        )
        seeds = read_seeds(seeds_folder).seeds
        (seed,) = [
            one for one in seeds if one.place.startswith(str(seeds_folder / ARTICLE))
        ]
        assert (seed.title, seed.text) == ("عنوان خبر", "بند نخست.\n\nبند دوم.")
        assert seed.topics == {"energy"}
        assert seed.place.endswith(", line 6")

    def test_counted(self, seeds_folder: Path) -> None:
        seed = read_seeds(seeds_folder).seeds[-8]
        assert (seed.topics, seed.borderline) == ({"energy"}, {"football"})
        assert seed.counted[1] == {"برق": 2, "خاموشی": 1}
        assert seed.carrying == {}

    def test_carrying_passages(self, seeds_folder: Path) -> None:
        line = in_json(MARKED, carrying={"energy": [1]})
        (seeds_folder / COUNTED).write_text(line, "utf-8")
        assert read_seeds(seeds_folder).seeds[-1].carrying == {"energy": (1,)}

    def test_topics_that_a_counted_seed_was_not_graded_for(
        self, seeds_folder: Path
    ) -> None:
        lines = [in_json(COUNTS), in_json(COUNTS, article="0d7b", graded=["energy"])]
        (seeds_folder / COUNTED).write_text("\n".join(lines), "utf-8")
        one, other = read_seeds(seeds_folder).seeds[-2:]
        assert (one.ungraded, other.ungraded) == (set(), {"football"})

    def test_same_counts_of_other_articles_stay(self, seeds_folder: Path) -> None:
        lines = [in_json(COUNTS), in_json(COUNTS, article="0d7be61c94aa")]
        (seeds_folder / COUNTED).write_text("\n".join(lines), "utf-8")
        one, other = read_seeds(seeds_folder).seeds[-2:]
        assert one.counted == other.counted
        assert one.digest != other.digest

    def test_digest_of_counts_is_its_article_s(self, seeds_folder: Path) -> None:
        (seeds_folder / COUNTED).write_text(in_json(COUNTS), "utf-8")
        before = read_seeds(seeds_folder).seeds[-1]
        otherwise = in_json(COUNTS, passages=[{"برقکار": 1}, {"گاز": 1}])
        (seeds_folder / COUNTED).write_text(otherwise, "utf-8")
        after = read_seeds(seeds_folder).seeds[-1]
        assert after.counted != before.counted
        assert after.digest == before.digest

    def test_hidden_files_are_left_alone(self, seeds_folder: Path) -> None:
        (seeds_folder / "articles" / ".DS_Store").touch()
        assert read_seeds(seeds_folder).seeds

    def test_digest_of_a_seed_is_its_own(self, seeds_folder: Path) -> None:
        before = {seed.digest for seed in read_seeds(seeds_folder).seeds}
        assert len(before) == len(read_seeds(seeds_folder).seeds)
        (seeds_folder / "passages" / "a.jsonl").write_text(in_json(PASSAGE), "utf-8")
        assert {seed.digest for seed in read_seeds(seeds_folder).seeds} > before


class TestDigest:
    def test_elsewhere_it_is_the_same(self, seeds_folder: Path) -> None:
        before = digest(seeds_folder)
        assert digest(seeds_folder.rename(seeds_folder.with_name("moved"))) == before

    @pytest.mark.parametrize("file", ["topics.toml", ARTICLE, PASSAGES, COUNTED])
    def test_every_file_counts(self, seeds_folder: Path, file: str) -> None:
        before = digest(seeds_folder)
        with (seeds_folder / file).open("a") as opened:
            opened.write("\n")
        assert digest(seeds_folder) != before

    def test_names_count(self, seeds_folder: Path) -> None:
        before = digest(seeds_folder)
        (seeds_folder / ARTICLE).rename(seeds_folder / "articles" / "other.md")
        assert digest(seeds_folder) != before

    def test_seed_that_is_mended_while_it_is_read(
        self, seeds_folder: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """It was not learned from, so the digest must not be that of the mended one."""
        before = digest(seeds_folder)

        def mend(_: Path) -> dict[str, int]:
            (seeds_folder / PASSAGES).write_text(in_json(PASSAGE), "utf-8")
            return {}

        monkeypatch.setattr(seeds, "read_counts", mend)
        assert read_seeds(seeds_folder).digest == before != digest(seeds_folder)

    def test_what_is_hidden_does_not_count(self, seeds_folder: Path) -> None:
        before = digest(seeds_folder)
        # An editor's lock names no file, but who has the seed open.
        (seeds_folder / "articles" / ".#open.md").symlink_to("someone@host.1234")
        left = seeds_folder / "counted" / ".new-killed"
        left.mkdir()
        (left / "desk.jsonl").write_text("half")
        assert digest(seeds_folder) == read_seeds(seeds_folder).digest == before

    def test_names_of_several_words_count(self, seeds_folder: Path) -> None:
        before = digest(seeds_folder)
        assert read_seeds(seeds_folder).names == ()
        (seeds_folder / "names.txt").write_text("# بانک\nبانک صادرات\n", "utf-8")
        assert digest(seeds_folder) != before
        seed_set = read_seeds(seeds_folder)
        assert seed_set.names == ("بانک صادرات",)
        words = passages("", "وام بانک صادرات رسید", reading_of(seed_set))
        assert [*words] == [["وام", "بانکصادرات", "رسید"]]

    def test_lines_may_end_as_on_windows(self, seeds_folder: Path) -> None:
        joined = "# words\r\n\r\nراه\u200cآهن\t12\r\n"
        (seeds_folder / "joined.tsv").write_bytes(joined.encode())
        (seeds_folder / "names.txt").write_bytes("بانک صادرات\r\n".encode())
        seed_set = read_seeds(seeds_folder)
        assert seed_set.joined == ("راه\u200cآهن",)
        assert seed_set.names == ("بانک صادرات",)

    def test_guide_does_not_count(self, seeds_folder: Path) -> None:
        before = digest(seeds_folder)
        (seeds_folder / "README.md").write_text("# Labelling")
        assert digest(seeds_folder) == before


class TestInspection:
    @pytest.mark.parametrize(
        ("text", "form"),
        [
            ("تحریم\u200cهای تازه", "non-joiner"),
            ("تحريم ها", "Arabic letters"),
            ("تحریم های تازه", "spaced"),
            ("وزیر می گوید", "spaced"),
            ("نمی شود", "spaced"),
            ("تحریمهای تازه", "joined"),
            ("وزیر میگوید", "joined"),
            ("ماه تازه", "no sign"),
        ],
    )
    def test_spelling_form(self, text: str, form: str) -> None:
        assert spelling_form(text) == form

    def test_table_counts_every_sort(self, seeds_folder: Path) -> None:
        seed_set = read_seeds(seeds_folder)
        head, columns, *rows = describe(seed_set).split("\n")
        assert head == f"{len(seed_set.seeds)} seeds, digest {seed_set.digest}"
        assert columns.split()[:3] == ["articles", "passages", "counted"]
        counts = {row.split()[0]: [int(one) for one in row.split()[1:]] for row in rows}
        assert list(counts) == ["energy", "football", "(none)"]
        carrying = [seed for seed in seed_set.seeds if "energy" in seed.topics]
        passages = sum(not seed.whole for seed in carrying)
        assert counts["energy"][:3] == [1, passages, 4]
        assert sum(counts["energy"][3:]) == passages + 1
        assert counts["(none)"][0] == 1


@pytest.fixture(scope="module")
def committed() -> SeedSet:
    return read_seeds(ROOT / "seeds")


@pytest.fixture(scope="module")
def counts(committed: SeedSet) -> dict[str, Counter[str]]:
    counts: dict[str, Counter[str]] = {"articles": Counter(), "passages": Counter()}
    for seed in committed.seeds:
        if seed.text:
            sort = "articles" if seed.whole else "passages"
            counts[sort].update(["all", *(seed.topics or ["none"])])
    return counts


class TestCommittedSeeds:
    """The seeds as data. Reading them already refuses duplicates and unknown topics."""

    PASSAGES_OF_A_TOPIC = 200
    ARTICLES_OF_A_TOPIC = 20
    WRITTEN_ARTICLES = 60

    def test_topics(self, committed: SeedSet) -> None:
        assert [topic.id for topic in committed.topics] == [
            "trade",
            "energy",
            "brics",
            "sanctions",
            "transport_corridor",
        ]

    def test_every_topic_has_enough(
        self, committed: SeedSet, counts: dict[str, Counter[str]]
    ) -> None:
        for topic in committed.topics:
            assert counts["passages"][topic.id] >= self.PASSAGES_OF_A_TOPIC, topic.id
            assert counts["articles"][topic.id] >= self.ARTICLES_OF_A_TOPIC, topic.id

    def test_ordinary_news_is_there(self, counts: dict[str, Counter[str]]) -> None:
        assert counts["passages"]["none"] >= counts["passages"]["all"] / 4
        assert counts["articles"]["none"] >= self.ARTICLES_OF_A_TOPIC
        assert counts["articles"]["all"] >= self.WRITTEN_ARTICLES

    def test_every_spelling_is_there(self, committed: SeedSet) -> None:
        forms = Counter(
            spelling_form(seed.text) for seed in committed.seeds if seed.text
        )
        for form in ("non-joiner", "joined", "spaced", "Arabic letters"):
            assert forms[form] >= 100, form

    def test_counted_seeds_hold_no_text(self, committed: SeedSet) -> None:
        for seed in committed.seeds:
            for passage in seed.counted:
                assert list(passage) == sorted(passage), seed.place
                assert not any(word.split() != [word] for word in passage), seed.place
