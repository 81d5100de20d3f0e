from pathlib import Path

import pytest

from benchmarks import figures
from benchmarks.figures import Figure, Measured

FIGURE = Figure("a over b", 2.34567, least=2)
PART = {"circumstances": "Today, here.", **figures.as_json(Measured([FIGURE]))}


@pytest.mark.parametrize(
    ("figure", "goal", "verdict"),
    [
        (Figure("x", 2.0, least=2), "≥ 2", "yes"),
        (Figure("x", 1.99, least=2), "≥ 2", "**no**"),
        (Figure("x", 50.0, "MB", most=60), "≤ 60", "yes"),
        (Figure("x", 61.0, "MB", most=60), "≤ 60", "**no**"),
        (Figure("x", 61.0, "MB"), "", ""),
    ],
)
def test_a_figure_is_held_to_its_goal(figure: Figure, goal: str, verdict: str) -> None:
    assert (figure.goal, figure.verdict) == (goal, verdict)


@pytest.mark.parametrize(
    ("value", "read"),
    [(0.01234, "0.0123"), (2.0, "2"), (99.96, "100"), (1234.5, "1,234"), (0.0, "0")],
)
def test_amounts_are_read_easily(value: float, read: str) -> None:
    assert figures.amount(value) == read


def test_the_file_keeps_what_the_table_shows(tmp_path: Path) -> None:
    path = tmp_path / "results" / "results.json"
    assert figures.read(path) == {}
    figures.write(path, {"in-process": PART})
    kept = figures.read(path)
    assert kept == {"in-process": PART}
    assert "| a over b | 2.35 × | ≥ 2 | yes |" in figures.table(kept)
    assert "Today, here." in figures.table(kept)


def test_a_number_without_unit_is_no_ratio() -> None:
    part = PART | figures.as_json(Measured([Figure("power", 1.5, "")]))
    assert "| power | 1.5 |  |  |" in figures.table({"linearity": part})


def test_only_the_table_of_a_document_is_replaced(tmp_path: Path) -> None:
    readme = tmp_path / "README.md"
    readme.write_text("# A\n<!-- figures -->\nold\n<!-- end of figures -->\n## B\n")
    for table in ("first\n", "second\n"):
        figures.put_into(readme, table)
    assert readme.read_text() == (
        "# A\n<!-- figures -->\nsecond\n<!-- end of figures -->\n## B\n"
    )
