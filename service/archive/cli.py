"""`barchasb archive`: tags archives of any size into Parquet."""

import argparse
import signal
from typing import TYPE_CHECKING

from service import model_cli
from service.archive import ArchiveError
from service.tag_cli import job_count, termination_as_exit
from service.tagging.model_file import PREFERENCES
from service.tagging.tagger import Wish
from service.terminal import complain, write_line

if TYPE_CHECKING:
    from argparse import _SubParsersAction

    from service.archive.run import Done

_KINDS = ("parquet", "jsonl", "csv")
_INSTALL = "python -m pip install --require-hashes -r requirements/archive.txt"


def add_to(
    commands: "_SubParsersAction[argparse.ArgumentParser]",
    models: argparse.ArgumentParser,
) -> None:
    """Add the command, with the options of `models`."""
    archive = commands.add_parser(
        "archive",
        parents=[models],
        allow_abbrev=False,
        help="tag archives of any size into Parquet",
        description="Tag Parquet, JSON lines and CSV, the last two perhaps gzip or "
        "zstd, into a folder of Parquet: tags/, and errors/ for rows that cannot be "
        "tagged. The same command goes on where one before it was ended.",
    )
    archive.add_argument(
        "inputs",
        nargs="+",
        metavar="INPUT",
        help="a file, a folder, a glob in quotes, or a URL such as s3://bucket/news",
    )
    archive.add_argument("output", metavar="OUTPUT", help="a folder, or a URL of one")
    archive.add_argument(
        "--format", choices=_KINDS, help="what the files are, whatever their endings"
    )
    for name, holds in (("id", "ids"), ("title", "headlines"), ("text", "texts")):
        archive.add_argument(
            f"--{name}", metavar="COLUMN", help=f"the column of {holds} ({name})"
        )
    archive.add_argument(
        "--explain", action="store_true", help="give evidence of tags and reviews"
    )
    archive.add_argument(
        "--prefer", choices=PREFERENCES, help="stricter or more generous thresholds"
    )
    archive.add_argument(
        "--overwrite", action="store_true", help="do all again what was done before"
    )
    where = archive.add_mutually_exclusive_group()
    where.add_argument(
        "--jobs",
        type=job_count,
        metavar="N",
        help="tag with N processes (as many as there are processors)",
    )
    where.add_argument(
        "--cluster",
        metavar="ADDRESS",
        help="tag on the workers of a Dask scheduler, such as tcp://10.0.0.5:8786",
    )
    archive.set_defaults(run=_run)


def _run(options: argparse.Namespace) -> int:
    try:
        # What they import is large, and not installed with the service.
        from service.archive.rows import Columns  # noqa: PLC0415
        from service.archive.tag import Options, tag  # noqa: PLC0415
    except ModuleNotFoundError as error:
        return complain(
            f"archives need a package that is not installed ({error.name}); "
            f"install them all: {_INSTALL}"
        )
    asked = Options(
        inputs=options.inputs,
        output=options.output,
        kind=options.format,
        columns=Columns(options.id, options.title, options.text),
        wish=Wish(explain=options.explain, prefer=options.prefer),
        jobs=options.jobs,
        cluster=options.cluster,
        overwrite=options.overwrite,
    )
    try:
        # Dask's own processes hear SIGHUP as well, and do not end tidily by it.
        with termination_as_exit(signal.SIGTERM):
            done = tag(model_cli.store_of(options), asked)
    except ArchiveError as error:
        return complain(str(error))
    return _told(done, options.output)


def _told(done: "Done", output: str) -> int:
    if done.n_before:
        write_line(f"{done.n_before:,} partitions were complete before")
    n_rows = done.n_tagged + done.n_errors
    if n_rows:
        write_line(
            f"{done.n_tagged:,} articles tagged in {done.seconds:,.1f} s "
            f"({n_rows / done.seconds:,.0f}/s)"
        )
    if done.n_errors:
        complain(f"{done.n_errors:,} rows cannot be tagged: see {output}/errors")
    for failure in done.failures:
        complain(failure)
    if done.failures:
        return complain(
            "what is complete stays; mend it and run the same command to go on"
        )
    return 0
