"""The recipes of docs/archives.md, where their engine is installed."""

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from benchmarks import recipes
from service.tagging.model_store import ModelStore
from tests.archive.articles import some, write_parquet


@pytest.mark.slow
@pytest.mark.parametrize(
    ("engine", "package"),
    [("dask", "distributed"), ("ray", "ray"), ("spark", "pyspark")],
)
def test_recipe(tmp_path: Path, store: ModelStore, engine: str, package: str) -> None:
    pytest.importorskip(package)
    articles = [*some(40), {"id": "bad", "title": "", "text": " "}]
    source = write_parquet(tmp_path / "a.parquet", articles)
    getattr(recipes, engine)(str(source), str(tmp_path / "out"), str(store.root))
    rows = pq.read_table(tmp_path / "out").sort_by("id").to_pylist()
    assert {row["id"]: row["tags"] for row in rows} == {
        **{
            one["id"]: [("energy", "football")[int(one["id"][1:]) % 2]]
            for one in some(40)
        },
        "bad": None,
    }
    assert [row["problem"] for row in rows].count(None) == 40
