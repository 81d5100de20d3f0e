"""`python -m benchmarks`: how fast Barchasb is, beside peers, in one run."""

import argparse
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

from benchmarks import (
    chart,
    figures,
    files,
    in_process,
    linearity,
    machine,
    over_http,
    starting,
    training_time,
)
from benchmarks.figures import Measured
from benchmarks.material import Material, gather
from benchmarks.servers import ServerError
from service.tagging.model_file import ModelFileError
from training.seed_files import SeedError

_FOLDER = Path(__file__).parent
_FAILURES = (SeedError, ModelFileError, over_http.LoadError, ServerError, OSError)


class Part(NamedTuple):
    """A part of the benchmarks, and the unit in which the chart shows it."""

    measure: Callable[[Material], Measured]
    unit: str


_PARTS = {
    "in-process": Part(in_process.measure, "µs an article, one thread"),
    "files": Part(files.measure, "articles a second"),
    "http": Part(over_http.measure, "requests a second, 4 KB each"),
    "starting": Part(starting.measure, ""),
    "linearity": Part(linearity.measure, "ns a code point, by code points"),
    "training": Part(training_time.measure, "seconds a passage, by passages"),
}
_UNLESS_NAMED = [name for name in _PARTS if name != "training"]  # minutes on its own


def main(arguments: list[str] | None = None) -> int:
    """Measure, print and keep; returns the exit code."""
    options = _parser().parse_args(arguments)
    path = options.results / "results.json"
    parts = figures.read(path)
    try:
        material = gather(options.models, options.seeds, options.articles)
        for name in options.parts or _UNLESS_NAMED:
            if name == "http" and not shutil.which("wrk"):
                print(over_http.INSTALL_WRK, file=sys.stderr)
                continue
            print(f"measuring: {name}", file=sys.stderr)
            parts[name] = _measured(_PARTS[name], material, options)
            print(figures.table({name: parts[name]}))
            _keep({one: parts[one] for one in _PARTS if one in parts}, path, options)
    except _FAILURES as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument(
        "parts",
        nargs="*",
        metavar="PART",
        choices=_PARTS,
        help=f"of {', '.join(_PARTS)}; all but training else",
    )
    parser.add_argument("--seeds", type=Path, default=Path("seeds"))
    parser.add_argument("--models", type=Path, default=Path("models"))
    parser.add_argument(
        "--articles", type=Path, help="JSON lines, perhaps .gz; whole seeds else"
    )
    parser.add_argument("--results", type=Path, default=_FOLDER / "results")
    parser.add_argument("--readme", type=Path, default=_FOLDER / "README.md")
    return parser


def _measured(
    part: Part, material: Material, options: argparse.Namespace
) -> dict[str, Any]:
    circumstances = _circumstances(material, real=options.articles is not None)
    return {
        "circumstances": circumstances,
        "unit": part.unit,
        **figures.as_json(part.measure(material)),
    }


def _circumstances(material: Material, *, real: bool) -> str:
    """When, on what machine, with what."""
    return (
        f"{machine.described()}; "
        f"{len(material.articles)} {'given articles' if real else 'seeds'} of "
        f"{_mean_bytes(material):,.0f} bytes on average; "
        f"model {material.tagger.model.version}."
    )


def _mean_bytes(material: Material) -> float:
    lengths = [len(f"{one.title}\n{one.text}".encode()) for one in material.articles]
    return sum(lengths) / len(lengths)


def _keep(parts: dict[str, Any], path: Path, options: argparse.Namespace) -> None:
    """After every part, so that a run that is stopped has not been for nothing."""
    figures.write(path, parts)
    chart.draw(parts, path.with_suffix(".svg"))
    figures.put_into(options.readme, figures.table(parts))


if __name__ == "__main__":
    sys.exit(main())
