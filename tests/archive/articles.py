"""A few articles, as archives of each kind, and what was written of them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

ENERGY = "خاموشی برق ادامه دارد و نیروگاه گازی به سبب کمبود سوخت از مدار خارج شد."
FOOTBALL = "تیم فوتبال با دو گل در نیمه دوم بازی را برد و صدرنشین لیگ شد."

Articles = list[dict[str, Any]]


def some(number: int) -> Articles:
    """Articles of which every other one is about energy."""
    return [
        {"id": f"a{n}", "title": f"خبر {n}", "text": f"{n} {(ENERGY, FOOTBALL)[n % 2]}"}
        for n in range(number)
    ]


def as_lines(articles: Sequence[object]) -> bytes:
    return "".join(
        json.dumps(one, ensure_ascii=False) + "\n" for one in articles
    ).encode()


def write_parquet(path: Path, articles: Articles, group: int = 10) -> Path:
    pq.write_table(pa.Table.from_pylist(articles), path, row_group_size=group)
    return path


def tags_of(output: Path) -> list[dict[str, Any]]:
    """Every row of the tags, by file and row."""
    return _table(output / "tags", [("file", "ascending"), ("row", "ascending")])


def errors_of(output: Path) -> list[dict[str, Any]]:
    """Every row of the errors, by file and row."""
    if not list((output / "errors").iterdir()):
        return []
    return _table(output / "errors", [("file", "ascending"), ("row", "ascending")])


def _table(folder: Path, order: list[tuple[str, str]]) -> list[dict[str, Any]]:
    return list(pq.read_table(folder).sort_by(order).to_pylist())
