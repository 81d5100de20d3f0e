"""What a worker does: it tags a partition and writes what it finds."""

import signal
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple, cast

import pyarrow as pa
from distributed import Worker, WorkerPlugin, get_worker

from service.archive import ArchiveError
from service.archive.batch import schema, tag_batch
from service.archive.output import ERRORS, Output
from service.archive.partitions import Partition, rows_of
from service.archive.rows import Columns, Rows
from service.tagging import model_file
from service.tagging.tagger import Tagger, Wish
from service.web.live import warm


@dataclass(frozen=True, slots=True)
class Job:
    """What a worker has to know.

    Attributes:
        output: The URL of the folder to write.
        columns: Which columns hold an article.
        wish: How to tag.
        version: The model's.
    """

    output: str
    columns: Columns
    wish: Wish
    version: str


class Found(NamedTuple):
    """What became of the rows of a partition."""

    n_tagged: int
    n_errors: int


class Tagging(WorkerPlugin):
    """Gives every worker the tagger, those too that come later or come again."""

    tagger: Tagger  # once it is set up

    def __init__(self, version: str, content: bytes) -> None:
        self.name = f"barchasb-{version}"
        self._content = content

    def setup(self, worker: Worker) -> None:
        """Read the model from a file, so that it is mapped and checked as always."""
        pa.set_cpu_count(1)  # there are as many workers as processors
        path = Path(worker.local_directory) / f"{self.name}.joblib"
        # Another run may be at work with the one that is there, mapped into memory.
        beside = path.with_suffix(".new")
        try:
            beside.write_bytes(self._content)
            beside.replace(path)
        except OSError as error:
            raise ArchiveError(
                f"{path}: {error.strerror}; a worker keeps the model there: make room, "
                "or name another folder for temporary files in TMPDIR"
            ) from error
        self._content = b""
        self.tagger = warm(Tagger(model_file.load(path)))


def dask_setup(_: Worker) -> None:
    """Leave Ctrl-C to the command, which ends its workers; called by Dask in each.

    A terminal sends it to all of them, and each would end with a traceback.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def tag_partition(job: Job, partition: Partition) -> Found:
    """Tag a partition and write what is found; to be called on a worker.

    Raises:
        ArchiveError: A file of it has not the columns that are meant.
        ReadingError: A file of it is out of reach.
    """
    tagger = cast(Tagging, get_worker().plugins[f"barchasb-{job.version}"]).tagger
    columns = columns_of(schema(tagger.model, job.wish))
    with Output(job.output).partition(partition.number, columns) as writers:
        for part in partition.parts:
            for rows in rows_of(part, job.columns):
                tagged = tag_batch(tagger, rows.articles, job.wish)
                writers.write(*_split(tagged, rows, part.file.name, columns))
    return Found(writers.n_tagged, writers.n_errors)


def columns_of(tagged: pa.Schema) -> pa.Schema:
    """The columns of `tags/`: where a row stood, in place of its problem."""
    identity, *others, _ = tagged
    place = [pa.field("file", pa.string()), pa.field("row", pa.int64())]
    return pa.schema([identity, *place, *others])


def _split(
    tagged: pa.RecordBatch, rows: Rows, file: str, columns: pa.Schema
) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """Rows that were tagged, and rows of errors."""
    numbers = pa.array(rows.numbers, pa.int64())
    content = {name: tagged[name] for name in tagged.schema.names}
    content |= {"file": pa.repeat(file, len(tagged)), "row": numbers}
    tags = pa.record_batch([content[name] for name in columns.names], schema=columns)
    problems = [*rows.problems]
    if tagged["problem"].null_count < len(tagged):
        tags = tags.filter(tagged["problem"].is_null())
        every = zip(
            rows.numbers,
            tagged["id"].to_pylist(),
            tagged["problem"].to_pylist(),
            strict=True,
        )
        problems += [row for row in every if row[2] is not None]
    errors = [
        {"file": file, "row": number, "id": identity, "reason": why}
        for number, identity, why in sorted(problems, key=itemgetter(0))
    ]
    return tags, pa.RecordBatch.from_pylist(errors, ERRORS)
