import gzip
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import msgspec
import pytest

from service import cli, tag_cli
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger, Wish
from service.web.settings import Settings

ROOT = Path(__file__).parents[1]
ENERGY = "خاموشی برق ادامه دارد و نیروگاه گازی به سبب کمبود سوخت از مدار خارج شد."
FOOTBALL = "تیم فوتبال با دو گل در نیمه دوم بازی را برد و صدرنشین لیگ شد."
LINE = {"id": "a", "text": ENERGY}

Capture = pytest.CaptureFixture[str]
Lines = list[dict[str, object]]


@pytest.fixture(autouse=True)
def models(store: ModelStore, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of the small model, which the environment names."""
    monkeypatch.setenv("BARCHASB_MODELS", str(store.root))
    return store.root


@pytest.fixture
def given(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    """Sets what standard input holds."""

    def give(content: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(content)))

    return give


@pytest.fixture
def energy(tmp_path: Path) -> Path:
    path = tmp_path / "energy.txt"
    path.write_text(ENERGY, "utf-8")
    return path


@pytest.fixture
def football(tmp_path: Path) -> Path:
    path = tmp_path / "football.txt"
    path.write_text(FOOTBALL, "utf-8")
    return path


@pytest.fixture
def hearing_hangups() -> Iterator[None]:
    """Has processes hear SIGHUP also where the tests run under nohup."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def run(*arguments: str | Path) -> int:
    return cli.main([str(argument) for argument in arguments])


def as_lines(*entries: object) -> bytes:
    return "".join(f"{json.dumps(entry)}\n" for entry in entries).encode()


def environment(models: Path) -> dict[str, str]:
    return {
        "PATH": os.defpath,
        "PYTHONPATH": str(ROOT),
        "BARCHASB_MODELS": str(models),
        "LC_ALL": "C",
    }


class TestTagForPeople:
    def test_topics_best_first_assigned_marked(
        self, energy: Path, capsys: Capture, tagger: Tagger
    ) -> None:
        assert run("tag", energy) == 0
        name, *rows = capsys.readouterr().out.splitlines()
        (tagged,) = tagger.tag([Article("", ENERGY)])
        assert name == str(energy)
        assert rows == [
            f"  {'*' if one.assigned else ' '} {one.score:.3f}  {one.id:8}  "
            f"{one.names.fa}"
            for one in tagged.topics
        ]
        assert rows[0].startswith("  * ")
        assert rows[1].startswith("    ")

    def test_each_file_in_order(
        self, energy: Path, football: Path, capsys: Capture
    ) -> None:
        assert run("tag", football, energy) == 0
        first, second = capsys.readouterr().out.split("\n\n")
        assert first.startswith(f"{football}\n  * ")
        assert "فوتبال" in first.splitlines()[1]
        assert second.startswith(f"{energy}\n  * ")
        assert "انرژی" in second.splitlines()[1]

    def test_explain_shows_the_words(self, energy: Path, capsys: Capture) -> None:
        assert run("tag", "--explain", energy) == 0
        lines = capsys.readouterr().out.splitlines()
        words = lines[2].strip().split("\u060c ")
        assert "برق" in words
        assert len(words) == len(set(words))
        assert all(word in ENERGY for word in words)

    def test_title_in_html_is_refused(self, energy: Path, capsys: Capture) -> None:
        assert run("tag", "--title", "<b>a</b>", energy) == 1
        assert capsys.readouterr().err == (
            f"barchasb: {energy}: --title is HTML (it has <b> in it)\n"
        )

    def test_only_topics_asked_for(
        self, energy: Path, capsys: Capture, tagger: Tagger
    ) -> None:
        asked = tagger.model.topics[0].id
        assert run("tag", "--topics", asked, energy) == 0
        _, row = capsys.readouterr().out.splitlines()
        assert asked in row

    def test_title_counts(self, tmp_path: Path, capsys: Capture) -> None:
        path = tmp_path / "plain.txt"
        path.write_text("این گزارش امروز منتشر شد.", "utf-8")
        run("tag", path)
        without = capsys.readouterr().out
        run("tag", "--title", ENERGY, path)
        assert capsys.readouterr().out.startswith(f"{path}\n  * ")
        assert "  * " not in without

    @pytest.mark.parametrize("name", [(), ("-",)])
    def test_standard_input(
        self, name: tuple[str], given: Callable[[bytes], None], capsys: Capture
    ) -> None:
        given(ENERGY.encode())
        assert run("tag", *name) == 0
        assert capsys.readouterr().out.startswith("standard input\n  * ")

    @pytest.mark.parametrize(
        ("content", "problem"),
        [
            (b"", "there is no text in it"),
            (b" \n\t\n", "there is no text in it"),
            (b"<p>a</p> b", "the text is HTML (it has <p> in it)"),
            (b"a\0b", "the text holds a NUL character (U+0000)"),
            ("برق".encode("utf-16"), "not UTF-8 (byte 0)"),
            (b"Tehran: " + "برق".encode("cp1256"), "not UTF-8 (byte 8)"),
        ],
    )
    def test_unusable_file_does_not_stop_the_others(
        self,
        tmp_path: Path,
        energy: Path,
        capsys: Capture,
        content: bytes,
        problem: str,
    ) -> None:
        bad = tmp_path / "bad.txt"
        bad.write_bytes(content)
        assert run("tag", bad, energy) == 1
        captured = capsys.readouterr()
        assert captured.err == f"barchasb: {bad}: {problem}\n"
        assert f"{energy}\n  * " in captured.out

    def test_missing_file_and_folder(
        self, tmp_path: Path, energy: Path, capsys: Capture
    ) -> None:
        missing = tmp_path / "none.txt"
        assert run("tag", missing, tmp_path, energy) == 1
        captured = capsys.readouterr()
        assert captured.err == (
            f"barchasb: {missing}: No such file or directory\n"
            f"barchasb: {tmp_path}: Is a directory\n"
        )
        assert f"{energy}\n  * " in captured.out

    def test_no_letter(self, tmp_path: Path, capsys: Capture) -> None:
        path = tmp_path / "digits.txt"
        path.write_text("1404/09/01 ***", "utf-8")
        assert run("tag", path) == 0
        assert capsys.readouterr().out == f"{path}\n  no letter in it, so no topic\n"

    def test_other_language(self, tmp_path: Path, capsys: Capture) -> None:
        path = tmp_path / "english.txt"
        path.write_text(
            "The power station was shut down last week because there was no fuel, "
            "and the ministry said that the lights would be out for hours.",
            "utf-8",
        )
        assert run("tag", path) == 0
        assert capsys.readouterr().out == f"{path}\n  not Persian (en), so no topic\n"

    def test_name_that_is_not_utf8(self, tmp_path: Path, models: Path) -> None:
        name = os.fsencode(tmp_path) + b"/\xe4\xe5.txt"
        with open(name, "w", encoding="utf-8") as file:  # noqa: PTH123  # bytes
            file.write(ENERGY)
        finished = subprocess.run(
            [sys.executable, "-m", "service.cli", "tag", name],
            cwd=ROOT,
            env=environment(models),
            capture_output=True,
            check=True,
        )
        assert finished.stdout.startswith(name + b"\n  * ")
        assert "انرژی".encode() in finished.stdout


class TestTagLines:
    def tags(
        self, content: bytes, given: Callable[[bytes], None], capsys: Capture
    ) -> tuple[int, Lines, str]:
        given(content)
        exit_code = run("tag", "--jsonl")
        captured = capsys.readouterr()
        return (
            exit_code,
            [json.loads(one) for one in captured.out.splitlines()],
            captured.err,
        )

    def test_lines_are_answered_in_order(
        self, given: Callable[[bytes], None], capsys: Capture, tagger: Tagger
    ) -> None:
        content = as_lines(
            {"id": 1, "title": "ورزش", "text": FOOTBALL},
            {"id": 2, "title": None, "text": ENERGY},
            {"id": 3, "text": ENERGY, "grades": {"energy": 2}},
        )
        exit_code, lines, errors = self.tags(content, given, capsys)
        assert (exit_code, errors) == (0, "")
        articles = [Article("ورزش", FOOTBALL), *[Article("", ENERGY)] * 2]
        assert lines == [
            {
                "id": place,
                "model": tagger.model.version,
                "topics": [
                    {"id": one.id, "score": one.score, "assigned": one.assigned}
                    for one in tagged.topics
                ],
            }
            for place, tagged in enumerate(tagger.tag(articles), 1)
        ]
        assert lines[0]["topics"][0]["id"] == "football"  # type: ignore[index]  # JSON

    @pytest.mark.parametrize(
        "identity",
        [
            '"a"',
            '"شناسه"',
            '"\\u0634 \\ud83d\\ude00 \\""',
            "0",
            "-1.50",
            "1.0",
            "1e3",
            "12345678901234567890123456789",
            "true",
            "null",
        ],
    )
    def test_id_is_answered_letter_for_letter(
        self, identity: str, given: Callable[[bytes], None], capsys: Capture
    ) -> None:
        given(f'{{"text": "برق", "id" :  {identity} }}\n'.encode())
        assert run("tag", "--jsonl") == 0
        assert capsys.readouterr().out.startswith(f'{{"id":{identity},"model":"')

    @pytest.mark.parametrize(
        ("line", "problem"),
        [
            (b"", "the line is blank"),
            (b"  \t", "the line is blank"),
            (b"Tehran", "not JSON (invalid character (byte 0))"),
            (b'{"id": 1, "text": "a"', "not JSON (it ends early)"),
            (b'{"id": 1, "text": "a"} {}', "not JSON (trailing characters (byte 24))"),
            (b"[]", "not an article (Expected object, got array)"),
            (b'{"id": 1}', "not an article (Object missing required field text)"),
            (b'{"text": "a"}', "not an article (Object missing required field id)"),
            (
                b'{"id": 1, "text": 5}',
                "not an article (Expected str, got int - at text)",
            ),
            (
                b'{"id": 1, "text": null}',
                "not an article (Expected str, got null - at text)",
            ),
            (
                b'{"id": 1, "text": "a", "title": []}',
                "not an article (Expected str | null, got array - at title)",
            ),
            (b'{"id": 1, "text": "<p>a</p>"}', "text is HTML (it has <p> in it)"),
            (
                b'{"id": 1, "title": "&zwnj;&zwnj;", "text": "a"}',
                "title is HTML (it has &zwnj; in it)",
            ),
            (
                b'{"id": 1, "text": "a\\u0000"}',
                "text holds a NUL character (U+0000)",
            ),
            (b'{"id": "\xff", "text": "a"}', "not UTF-8 (byte 8)"),
            (b'{"id": 1, "text": ""}', "text is blank"),
            (b'{"id": 1, "text": " \\n\\u00a0"}', "text is blank"),
            (
                b'{"id": [1], "text": "a"}',
                "id is not a string, a number, true, false or null",
            ),
            (
                b'{"id": {"a": 1}, "text": "a"}',
                "id is not a string, a number, true, false or null",
            ),
            (
                b'{"id": 1, "text": "' + "برق".encode("cp1256") + b'"}',
                "not UTF-8 (byte 19)",
            ),
            (b'{"id": 1, "text": "\xed\xa0\xbd"}', "not UTF-8 (byte 19)"),
            *(
                (line, "not JSON (a \\u escape is half of a surrogate pair)")
                for line in (
                    b'{"id": 1, "text": "\\ud83d"}',
                    b'{"id": 1, "text": "\\ude00 a"}',
                    b'{"id": 1, "text": "\\ud83d\\u0041"}',
                    b'{"id": 1, "text": "\\\\\\ud83d"}',
                    b'{"id": 1, "text": "a", "title": "\\uDE00"}',
                    b'{"id": 1, "text": "a", "other": "\\ud83d"}',
                    b'{"id": "\\ud83d", "text": "a"}',
                )
            ),
            (
                b'{"id": 1, "text": "a", "other": '
                + b"[" * 10_000
                + b"]" * 10_000
                + b"}",
                "not an article (it is nested too deeply)",
            ),
        ],
    )
    def test_bad_line_is_told_and_the_others_answered(
        self, line: bytes, problem: str, given: Callable[[bytes], None], capsys: Capture
    ) -> None:
        content = as_lines(LINE) + line + b"\n" + as_lines(LINE)
        exit_code, lines, errors = self.tags(content, given, capsys)
        assert exit_code == 1
        assert errors == f"barchasb: standard input, line 2: {problem}\n"
        assert [one["id"] for one in lines] == ["a", "a"]

    def test_escaped_backslash_is_no_surrogate(
        self, given: Callable[[bytes], None], capsys: Capture
    ) -> None:
        content = b'{"id": 1, "text": "\\\\ud83d"}\n'
        assert self.tags(content, given, capsys)[0] == 0

    @pytest.mark.parametrize(
        "content",
        [
            b"",
            as_lines(LINE).rstrip(b"\n"),
            as_lines(LINE).replace(b"\n", b"\r\n"),
            b"\xef\xbb\xbf" + as_lines(LINE),
        ],
        ids=["empty", "without a last line feed", "CRLF", "byte-order mark"],
    )
    def test_forms_of_file(
        self, content: bytes, given: Callable[[bytes], None], capsys: Capture
    ) -> None:
        exit_code, lines, errors = self.tags(content, given, capsys)
        assert (exit_code, errors) == (0, "")
        assert len(lines) == bool(content)

    def test_text_without_a_letter(
        self, given: Callable[[bytes], None], capsys: Capture
    ) -> None:
        _, (line,), _ = self.tags(as_lines(LINE | {"text": "5"}), given, capsys)
        topics = line["topics"]
        assert isinstance(topics, list)
        assert not any(one["assigned"] or one["score"] for one in topics)

    def test_wishes(
        self, given: Callable[[bytes], None], capsys: Capture, tagger: Tagger
    ) -> None:
        given(as_lines(LINE))
        asked = tagger.model.topics[0].id
        options = ("--explain", "--prefer", "precision", "--topics", asked)
        assert run("tag", "--jsonl", *options) == 0
        wish = Wish(explain=True, prefer="precision")
        (tagged,) = tagger.tag([Article("", ENERGY)], wish)
        (topic,) = (one for one in tagged.topics if one.id == asked)
        assert json.loads(capsys.readouterr().out)["topics"] == [
            {
                "id": asked,
                "score": topic.score,
                "assigned": topic.assigned,
                "evidence": [msgspec.to_builtins(one) for one in topic.evidence],
            }
        ]

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_files(self, tmp_path: Path, capsys: Capture, jobs: str) -> None:
        first, second = tmp_path / "1.jsonl", tmp_path / "2.jsonl"
        first.write_bytes(as_lines(LINE) + b"{}\n")
        second.write_bytes(b"[]\n" + as_lines(LINE | {"id": "b"}))
        missing = tmp_path / "none.jsonl"
        assert run("tag", "--jsonl", "--jobs", jobs, first, missing, second) == 1
        captured = capsys.readouterr()
        assert [json.loads(one)["id"] for one in captured.out.splitlines()] == [
            "a",
            "b",
        ]
        told = captured.err.splitlines()
        assert told[0].startswith(f"barchasb: {first}, line 2: ")
        assert told[1] == f"barchasb: {missing}: No such file or directory"
        assert told[2].startswith(f"barchasb: {second}, line 1: ")
        assert len(told) == 3

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_gzip_to_a_file(self, tmp_path: Path, capsys: Capture, jobs: str) -> None:
        packed, out = tmp_path / "articles.gz", tmp_path / "tags"
        entries = [LINE | {"id": number} for number in range(3000)]
        packed.write_bytes(gzip.compress(as_lines(*entries)))
        assert run("tag", "--jsonl", "--jobs", jobs, "-o", out, packed) == 0
        lines = [json.loads(one) for one in out.read_bytes().splitlines()]
        assert [one["id"] for one in lines] == [*range(3000)]
        assert capsys.readouterr() == ("", "")

    def test_damaged_gzip_does_not_stop_the_others(
        self, tmp_path: Path, capsys: Capture
    ) -> None:
        bad, good = tmp_path / "bad.gz", tmp_path / "good.gz"
        good.write_bytes(gzip.compress(as_lines(LINE)))
        bad.write_bytes(good.read_bytes()[:-9])
        assert run("tag", "--jsonl", bad, good) == 1
        captured = capsys.readouterr()
        assert captured.out.count("\n") >= 1
        assert captured.err == (
            f"barchasb: {bad}: the rest of it cannot be read "
            "(the gzip file ends early)\n"
        )

    def test_killed_worker_is_told_and_no_file_written(
        self, tmp_path: Path, capsys: Capture, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def die(*_: object, **__: object) -> bytes:
            os.kill(os.getpid(), signal.SIGKILL)
            return b""

        monkeypatch.setattr("service.json_lines.answer", die)
        articles = tmp_path / "articles.jsonl"
        articles.write_bytes(as_lines(LINE))
        out = tmp_path / "tags"
        assert run("tag", "--jsonl", "--jobs", "2", "-o", out, articles) == 1
        assert capsys.readouterr().err == (
            f"barchasb: {articles}, after line 0: a worker process was ended "
            "(SIGKILL); if memory is short, try fewer --jobs\n"
        )
        assert [*tmp_path.iterdir()] == [articles]


class TestModels:
    """Which folder the model comes from."""

    def test_option_goes_before_the_environment(
        self, models: Path, tmp_path: Path, capsys: Capture
    ) -> None:
        empty = tmp_path / "empty"
        assert run("model", "--models", empty) == 1
        told = f"barchasb: {empty} holds no live model; run `make train`\n"
        assert capsys.readouterr().err == told
        assert run("--models", empty, "model") == 1
        assert capsys.readouterr().err == told
        assert run("--models", empty, "model", "--models", models) == 0

    def test_environment_is_that_of_the_service(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
    ) -> None:
        monkeypatch.setenv("BARCHASB_MODELS", str(tmp_path / "other"))
        assert run("model") == 1
        told = capsys.readouterr().err
        assert str(Settings.from_environment().models) in told

    def test_default_is_that_of_the_service(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
    ) -> None:
        monkeypatch.delenv("BARCHASB_MODELS")
        monkeypatch.chdir(tmp_path)
        assert run("model") == 1
        assert capsys.readouterr().err.startswith(f"barchasb: {Settings.models} holds ")

    def test_bad_setting(
        self, monkeypatch: pytest.MonkeyPatch, capsys: Capture
    ) -> None:
        monkeypatch.setenv("BARCHASB_PORT", "http")
        assert run("model") == 1
        assert capsys.readouterr().err.startswith("barchasb: BARCHASB_PORT is 'http'; ")

    def test_damaged_model(
        self, models: Path, tmp_path: Path, energy: Path, capsys: Capture
    ) -> None:
        shutil.copytree(models, tmp_path / "models")
        (path,) = (tmp_path / "models").glob("*/model.joblib")
        path.write_bytes(path.read_bytes()[:-1])
        assert run("tag", "--models", tmp_path / "models", energy) == 1
        captured = capsys.readouterr()
        assert captured.out == ""
        assert captured.err.startswith(f"barchasb: {path} is damaged")

    def test_folder_that_is_a_file(self, energy: Path, capsys: Capture) -> None:
        assert run("tag", "--models", energy, energy) == 1
        assert capsys.readouterr().err.startswith(f"barchasb: {energy}")


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["sort"],
        ["tag", "--json"],
        ["tag", "--jsonl", "--jobs", "0"],
        ["tag", "--jsonl", "--jobs", "two"],
        ["tag", "--jobs", "2"],
        ["tag", "-o", "tags.txt"],
        ["tag", "--prefer", "speed"],
        ["tag", "--topics", "energy,weather"],
        ["tag", "--jsonl", "--title", "برق"],
        ["tag", "--title", "برق", "a.txt", "b.txt"],
        ["model", "a.txt"],
    ],
)
def test_usage_error(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("usage: barchasb")


@pytest.mark.parametrize("arguments", [["--help"], ["tag", "--help"]])
def test_help(arguments: list[str], capsys: Capture) -> None:
    with pytest.raises(SystemExit) as stopped:
        cli.main(arguments)
    assert stopped.value.code == 0
    assert "--models FOLDER" in capsys.readouterr().out


@pytest.mark.parametrize("options", [(), ("--jsonl",), ("--jsonl", "--jobs", "2")])
@pytest.mark.parametrize("stream", ["stdin", "stdout"])
def test_closed_stream_is_told(
    options: tuple[str, ...],
    stream: str,
    given: Callable[[bytes], None],
    monkeypatch: pytest.MonkeyPatch,
    capsys: Capture,
) -> None:
    given(as_lines(LINE))
    monkeypatch.setattr(f"sys.{stream}", None)  # as Python has it then
    assert run("tag", *options) == 1
    name = {"stdin": "input", "stdout": "output"}[stream]
    assert capsys.readouterr().err == f"barchasb: standard {name}: it is closed\n"


@pytest.mark.parametrize("options", [(), ("--jsonl",)])
def test_input_that_does_not_wait_is_waited_for(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    """As a program leaves a terminal that it shared, or a pipe of its event loop."""
    ours, theirs = os.pipe()
    os.set_blocking(ours, False)

    def write_late() -> None:
        time.sleep(0.2)
        os.write(theirs, as_lines(LINE) if options else ENERGY.encode())
        os.close(theirs)

    with os.fdopen(ours) as stream, ThreadPoolExecutor(1) as threads:
        monkeypatch.setattr("sys.stdin", stream)
        threads.submit(write_late)
        assert run("tag", *options) == 0
    assert "energy" in capsys.readouterr().out


def test_stopped_by_the_user(
    energy: Path, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(ModelStore, "live", interrupt)
    assert run("tag", energy) == 130
    assert capsys.readouterr().err == ""


def test_closed_terminal_does_not_end_what_nohup_began() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with tag_cli.termination_as_exit(signal.SIGHUP):
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


class TestProcess:
    """What only a process of its own can show."""

    COMMAND = (sys.executable, "-m", "service.cli", "tag", "--jsonl")

    @pytest.fixture(autouse=True)
    def _signals_are_heard(self) -> Iterator[None]:
        # Run in the background of a shell, all that is started here would ignore it.
        before = signal.signal(signal.SIGINT, signal.default_int_handler)
        yield
        signal.signal(signal.SIGINT, before)

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_line_is_answered_before_the_next_is_read(
        self, models: Path, jobs: str
    ) -> None:
        with subprocess.Popen(
            [*self.COMMAND, "--jobs", jobs],
            cwd=ROOT,
            env=environment(models),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            for identity in (1, 2):
                process.stdin.write(as_lines(LINE | {"id": identity}))
                process.stdin.flush()
                assert json.loads(process.stdout.readline())["id"] == identity
            process.stdin.close()
            assert process.stdout.read() == process.stderr.read() == b""
        assert process.returncode == 0

    @pytest.mark.usefixtures("hearing_hangups")
    @pytest.mark.parametrize("kill", [os.kill, os.killpg])
    @pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
    def test_signal_ends_it_and_its_workers(
        self,
        models: Path,
        tmp_path: Path,
        kill: Callable[[int, int], None],
        sent: int,
    ) -> None:
        with subprocess.Popen(
            [*self.COMMAND, "--jobs", "2", "-o", tmp_path / "tags"],
            cwd=ROOT,
            env=environment(models),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            start_new_session=True,
        ) as process:
            assert process.stdin
            assert process.stdout
            assert process.stderr
            # A bad line is told as soon as everything has started.
            process.stdin.write(b"{}\n")
            process.stdin.flush()
            assert b"line 1" in process.stderr.readline()
            kill(process.pid, sent)
            # They end when nobody is left to write, not even a worker.
            assert process.stdout.read() == process.stderr.read() == b""
        assert process.returncode == 128 + sent
        assert not [*tmp_path.iterdir()]

    @pytest.mark.parametrize("jobs", ["1", "2"])
    def test_closed_pipe_is_no_error(
        self, models: Path, tmp_path: Path, jobs: str
    ) -> None:
        articles = tmp_path / "articles.jsonl"
        articles.write_bytes(as_lines(LINE) * 2000)
        with subprocess.Popen(
            [*self.COMMAND, "--jobs", jobs, articles],
            cwd=ROOT,
            env=environment(models),
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        ) as process:
            assert process.stdout
            assert process.stderr
            assert process.stdout.readline()
            process.stdout.close()
            assert process.stderr.read() == b""
        assert process.returncode == 141

    def test_closed_streams_are_no_traceback(self, models: Path) -> None:
        finished = subprocess.run(
            ["/bin/sh", "-c", 'exec "$@" <&- 2>&-', "sh", *self.COMMAND],
            cwd=ROOT,
            env=environment(models),
            capture_output=True,
            check=False,
        )
        assert (finished.returncode, finished.stdout) == (1, b"")

    @pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device")
    def test_full_disk_is_told(self, models: Path) -> None:
        with Path("/dev/full").open("wb") as full:
            finished = subprocess.run(
                self.COMMAND,
                cwd=ROOT,
                env=environment(models),
                input=as_lines(LINE),
                stdout=full,
                stderr=subprocess.PIPE,
                check=False,
            )
        assert finished.returncode == 1
        assert finished.stderr == b"barchasb: the output: No space left on device\n"
