"""What the README says is so: its example, its settings, its commands."""

import dataclasses
import functools
import json
import re
import shlex
from pathlib import Path

import gunicorn.sock
import numba.core.caching
import pytest

from service import cli
from service.tagging.model_file import ModelFileError
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.settings import Settings

ROOT = Path(__file__).resolve().parents[1]
README = (ROOT / "README.md").read_text("utf-8")


def test_the_example_is_answered_so() -> None:
    asked = re.search(r"-d '(.+?)'\n", README, re.DOTALL)
    answered = re.search(r"```json\n(\{\"model\".+?)\n```", README, re.DOTALL)
    assert asked
    assert answered
    try:
        model = ModelStore(ROOT / "models").live()
    except ModelFileError as error:
        pytest.fail(f"{error} first: the example is answered by the real model")
    client = create_app(functools.partial(Tagger, model), Settings()).test_client()
    answer = client.post("/v1/classify", json=json.loads(asked[1])).json
    expected = json.loads(answered[1])
    for both in (answer, expected):
        both.pop("model")
    for found, shown in zip(answer["topics"], expected["topics"], strict=True):
        assert found.pop("score") == pytest.approx(shown.pop("score"), abs=0.02)
    assert answer == expected


def test_every_setting_is_in_the_table() -> None:
    table = dict(re.findall(r"^\| `(BARCHASB_\w+)` \| `([^`]+)` \|", README, re.M))
    assert table == {
        f"BARCHASB_{field.name.upper()}": str(field.default)
        for field in dataclasses.fields(Settings)
    }


def test_every_command_is_understood(capsys: pytest.CaptureFixture[str]) -> None:
    lines = re.findall(r"^\.venv/bin/barchasb (.+?)(?: +#.*)?$", README, re.M)
    assert lines
    for line in lines:
        words = shlex.split(re.sub(r"[<>]\S+", "", line))
        with pytest.raises(SystemExit) as ended:
            cli.main([*words, "--help"])
        assert ended.value.code == 0
        options = {word for word in words if word.startswith("--")}
        printed = capsys.readouterr().out
        assert all(option in printed for option in options), line


def test_start_errors_are_what_is_printed() -> None:
    rows = re.findall(r"^\| (.+?) at the start \|", README, re.M)
    named = [
        phrase
        for row in rows
        for phrase in re.findall(r"`(?:… )?(.+?)(?: \(…\))?`", row)
    ]
    assert len(named) > len(rows) > 5
    source = (ROOT / "service").rglob("*.py")
    printed = "".join(path.read_text("utf-8") for path in source)
    for module in (gunicorn.sock, numba.core.caching):
        printed += Path(module.__file__).read_text("utf-8")
    assert [phrase for phrase in named if phrase not in printed] == []


def test_every_route_is_in_the_table() -> None:
    tagger = Tagger(ModelStore(ROOT / "models").live())
    app = create_app(lambda: tagger, Settings())
    routes = {
        f"{method} {rule.rule}"
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) & {"GET", "POST"}
        if not rule.rule.startswith("/static")
    }
    named = set(re.findall(r"`((?:GET|POST) /[^`]*)`", README))
    assert routes <= named
