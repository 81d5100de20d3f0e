"""What docs/archives.md and docs/scale.md say is so."""

import json
import re
from pathlib import Path

import pytest

from service.archive.batch import schema
from service.archive.output import ERRORS
from service.archive.work import columns_of
from service.tagging.model_file import Model
from service.tagging.tagger import Wish

ROOT = Path(__file__).parents[2]
ARCHIVES = (ROOT / "docs" / "archives.md").read_text("utf-8")
SCALE = (ROOT / "docs" / "scale.md").read_text("utf-8")
MEASURED = {
    figure["name"]: figure["value"]
    for figure in json.loads(
        (ROOT / "benchmarks" / "results" / "archive.json").read_text("utf-8")
    )["archive"]["figures"]
}


def test_columns_are_those_that_are_written(model: Model) -> None:
    tables = re.findall(r"\| column \| type \| holds \|\n\|.*\n((?:\|.*\n)+)", ARCHIVES)
    tags, errors = (re.findall(r"^\| `(\w+)` \| `(.+?)` ", one, re.M) for one in tables)
    written = columns_of(schema(model, Wish(explain=True)))
    assert [name for name, _ in tags] == written.names
    for name, told in tags:
        found = str(written.field(name).type)
        for inner in (r"(struct<).*(>)", r"(list<)item: (string>)", r"(list<struct)"):
            found = re.sub(inner, r"\1\2" if r"\2" in inner else r"\1", found)
        kind = re.split(r"[<(]", told)[0]
        assert found.startswith(kind), name
    assert errors == [(field.name, str(field.type)) for field in ERRORS]


def test_recipes_are_those_that_are_measured() -> None:
    code = (ROOT / "benchmarks" / "recipes.py").read_text("utf-8")
    recipes = code[code.index("# Recipe for Ray.") :].strip()
    shown = re.search(r"<!-- recipes -->\n```python\n(.*?)\n```", ARCHIVES, re.DOTALL)
    assert shown
    assert shown[1] == recipes


def sums() -> list[tuple[str, str, float]]:
    """Name, expression and value of each row."""
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \| ([\d,.]+)[^|]*\|", SCALE, re.M)
    return [(name, sum_, float(value.replace(",", ""))) for name, sum_, value in rows]


def test_sums_are_right() -> None:
    known: dict[str, float] = {}
    assert len(sums()) > 20
    for name, expression, told in sums():
        assert re.fullmatch(r"[\w\s.+*/()-]+", expression), name
        value = eval(expression, {"__builtins__": {}}, known)  # noqa: S307 - our own
        assert told == pytest.approx(value, rel=0.02), name
        known[name] = value


@pytest.mark.parametrize(
    ("planned", "figure", "times"),
    [
        ("processor_us", "all processors, an article", 1),
        ("tags_bytes", "tags", 1),
        ("worker_mb", "peak memory", 1 / 3),  # of two workers and the command
    ],
)
def test_plan_is_no_better_than_what_was_measured(
    planned: str, figure: str, times: float
) -> None:
    (plan,) = (value for name, _, value in sums() if name == planned)
    assert plan >= MEASURED[figure] * times
