"""An archive through Dask, Ray Data and Spark, each the shortest way there is.

To compare them (`python -m benchmarks.engines`), and for those who have a cluster of
one: docs/archives.md shows what stands between the lines that begin with `# Recipe`.
"""

import functools
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from service.archive.batch import schema, tag_batch
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Tagger
from service.web.live import warm

_COLUMNS = ["id", "title", "text"]
_ROWS = 1000  # of a batch


@functools.cache
def tagger_of(models: str) -> Tagger:
    """The live tagger, read once in each process."""
    return warm(Tagger(ModelStore(Path(models)).live()))


def dask(source: str, target: str, models: str) -> None:
    """A future for each row group."""
    from distributed import Client, LocalCluster  # noqa: PLC0415

    groups = range(pq.ParquetFile(source).num_row_groups)
    with (
        LocalCluster(threads_per_worker=1, dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        tag = functools.partial(_tag_group, source, target, models)
        client.gather(client.map(tag, groups, pure=False))


def _tag_group(source: str, target: str, models: str, group: int) -> None:
    file = pq.ParquetFile(source)
    tagger = tagger_of(models)
    Path(target).mkdir(exist_ok=True)
    with pq.ParquetWriter(
        f"{target}/{group}.parquet", schema(tagger.model), compression="zstd"
    ) as writer:
        for batch in file.iter_batches(_ROWS, row_groups=[group], columns=_COLUMNS):
            writer.write_batch(tag_batch(tagger, batch))


# Recipe for Ray.
def ray(source: str, target: str, models: str) -> None:
    """A task for each block of rows; runs on the cluster that `ray.init` joins."""
    import ray.data  # noqa: PLC0415

    def tag(articles: pa.Table) -> pa.Table:
        tagger = tagger_of(models)
        batches = articles.combine_chunks().to_batches()
        tagged = [tag_batch(tagger, batch) for batch in batches]
        return pa.Table.from_batches(tagged, schema(tagger.model))

    articles = ray.data.read_parquet(source, columns=_COLUMNS)
    tagged = articles.map_batches(tag, batch_format="pyarrow", batch_size=_ROWS)
    tagged.write_parquet(target)


# Recipe for Spark.
def spark(source: str, target: str, models: str) -> None:
    """A task for each partition; runs where the session that exists runs."""
    from pyspark.sql import SparkSession  # noqa: PLC0415
    from pyspark.sql.pandas.types import from_arrow_schema  # noqa: PLC0415

    def tag(articles: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
        tagger = tagger_of(models)
        for batch in articles:
            yield tag_batch(tagger, batch)

    session = SparkSession.builder.getOrCreate()
    columns = from_arrow_schema(schema(tagger_of(models).model))
    articles = session.read.parquet(source).select(*_COLUMNS)
    articles.mapInArrow(tag, columns).write.mode("overwrite").parquet(target)
