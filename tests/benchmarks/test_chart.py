from pathlib import Path
from xml.etree import ElementTree

from benchmarks import chart, figures
from benchmarks.figures import Measured

BARS = figures.as_json(Measured([], bars={"Barchasb": 70.0, "a peer": 7000.0}))
CURVES = figures.as_json(Measured([], curves={"known": [(10, 2.0), (100, 2.5)]}))
NEITHER = figures.as_json(Measured([]))
PARTS = {
    name: {"unit": "µs", **part}
    for name, part in {"in-process": BARS, "linearity": CURVES, "x": NEITHER}.items()
}


def test_each_part_that_has_something_to_show_is_a_panel(tmp_path: Path) -> None:
    first, second = tmp_path / "first.svg", tmp_path / "second.svg"
    chart.draw(PARTS, first)
    chart.draw(PARTS, second)
    assert first.read_bytes() == second.read_bytes()
    drawn = " ".join(ElementTree.parse(first).getroot().itertext())  # noqa: S314
    assert "in-process: µs" in drawn
    assert "linearity: µs" in drawn
    assert "7,000" in drawn
    assert "x: µs" not in drawn
