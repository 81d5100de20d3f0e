"""One `barchasb archive` from its options to what it tells in the end."""

import contextlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

from service.archive import ArchiveError
from service.archive.files import File, Kind, find, store_of
from service.archive.output import Output
from service.archive.partitions import check, partitions
from service.archive.rows import Columns
from service.archive.run import Done, run, workers
from service.archive.work import Job
from service.progress import Progress
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Wish

_FORMAT = 4  # of what is written, and of how it is cut
_LEAST, _MOST = 4 << 20, 64 << 20  # bytes of a partition
_SHARES = 16  # partitions, at least, of an archive that is large enough


@dataclass(frozen=True, slots=True)
class Options:
    """What was asked for.

    Attributes:
        inputs: Paths, globs, folders and URLs.
        output: The folder to write, a path or a URL.
        kind: What is in the files, None for what their endings tell.
        columns: Which columns hold an article.
        wish: How to tag.
        jobs: Processes on this machine, None for one on each processor.
        cluster: The address of a Dask scheduler, None for this machine.
        overwrite: Whether to do all again that was done before.
    """

    inputs: Sequence[str]
    output: str
    kind: Kind | None = None
    columns: Columns = field(default_factory=Columns)
    wish: Wish = field(default_factory=Wish)
    jobs: int | None = None
    cluster: str | None = None
    overwrite: bool = False


def tag(store: ModelStore, options: Options) -> Done:
    """Tag an archive with the live model, going on from a run before.

    Raises:
        ArchiveError: It cannot be begun, or not be gone on with.
        ModelFileError: There is no model to tag with.
    """
    model = store.live()
    where, path = store_of(options.output)
    url = where.unstrip_protocol(path).rstrip("/")
    files = find(options.inputs, options.kind, url)
    for file in files:
        if file.url.startswith(f"{url}/"):
            raise ArchiveError(f"{file.url} is read and lies in OUTPUT; give another")
    check(files, options.columns)
    with contextlib.closing(Output(url)) as output:
        manifest = output.begin(
            {
                "format": _FORMAT,
                "model": model.version,
                "columns": asdict(options.columns),
                "explain": options.wish.explain,
                "prefer": options.wish.prefer,
                "partition_bytes": _partition_bytes(files),
                "files": [asdict(file) for file in files],
            },
            overwrite=options.overwrite,
        )
        n_complete = len(output.complete())  # somebody may have removed some since
        if manifest.get("partitions") == n_complete:
            return Done(n_before=n_complete)
        job = Job(url, options.columns, options.wish, model.version)
        plan = partitions(files, options.columns, manifest["partition_bytes"])
        progress = Progress(sum(file.size for file in files), of="articles")
        try:
            with workers(options.jobs, options.cluster) as client:
                done = run(client, job, store.content(model.version), plan, progress)
        finally:
            progress.close()
        if not done.failures:
            output.finish({**manifest, "partitions": len(output.complete())})
        return done


def _partition_bytes(files: Sequence[File]) -> int:
    share = sum(file.size for file in files) // _SHARES
    return min(max(share, _LEAST), _MOST)
