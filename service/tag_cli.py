"""`barchasb tag`: tags articles, for people or as JSON lines."""

import argparse
import contextlib
import functools
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from service import json_lines, model_cli, tag_files, tag_text, terminal
from service.json_lines import UnusableError
from service.progress import Progress
from service.tag_files import Lines, chunks_of
from service.tag_jobs import AnswerAll, WorkerError, answering
from service.tagging.model_file import PREFERENCES
from service.tagging.tagger import Article, Tagger, Wish
from service.terminal import (
    STANDARD_INPUT,
    complain,
    name_of,
    open_file,
    write_line,
)
from service.web.live import warm

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_MOST_JOBS = 256
_SHELL = 128  # what it adds to a signal's number when it reports it


def add_to(
    commands: "_SubParsersAction[argparse.ArgumentParser]",
    models: argparse.ArgumentParser,
) -> None:
    """Add the command, with the options of `models`."""
    tag = commands.add_parser(
        "tag",
        parents=[models],
        allow_abbrev=False,
        help="tag articles",
        description="Print the topics of each article, * beside those assigned. "
        "With --jsonl, read a JSON object with id, text and perhaps title from each "
        "line and answer it with one of id, model and topics.",
    )
    tag.add_argument(
        "files",
        nargs="*",
        default=[STANDARD_INPUT],
        metavar="FILE",
        help="an article's text, or JSON lines, which may be gzip; "
        "- or none is standard input",
    )
    tag.add_argument("--title", help="the headline of the one article given")
    tag.add_argument("--explain", action="store_true", help="give evidence")
    tag.add_argument(
        "--prefer",
        choices=PREFERENCES,
        help="stricter or more generous thresholds",
    )
    tag.add_argument(
        "--topics",
        type=lambda listed: listed.split(","),
        metavar="ID,ID",
        help="only these topics",
    )
    lines = tag.add_argument_group("JSON lines")
    lines.add_argument("--jsonl", action="store_true", help="JSON lines in and out")
    lines.add_argument(
        "--jobs", type=job_count, metavar="N", help="tag with N processes"
    )
    lines.add_argument(
        "-o",
        "--output",
        type=Path,
        metavar="OUT",
        help="the file to write, whole or not at all",
    )
    tag.set_defaults(run=_run, refuse=tag.error)


def job_count(text: str) -> int:
    """A number of processes, as an option gives it."""
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= _MOST_JOBS):
        raise argparse.ArgumentTypeError(
            f"{text!r} is no whole number from 1 to {_MOST_JOBS}"
        )
    return int(text)


def _run(options: argparse.Namespace) -> int:
    _check(options)
    tagger = Tagger(model_cli.store_of(options).live())
    known = tagger.model.topic_ids
    for topic in options.topics or ():
        if topic not in known:
            options.refuse(f"{topic!r} is no topic; they are {', '.join(known)}")
    wish = Wish(explain=options.explain, prefer=options.prefer)
    if options.jsonl:
        return _answer_files(tagger, wish, options)
    exit_code = 0
    for place, file in enumerate(options.files):
        try:
            article = Article(options.title or "", tag_text.read(file))
            json_lines.check_plain("--title", article.title)
        except OSError as error:
            exit_code = complain(f"{name_of(file)}: {error.strerror}")
            continue
        except UnusableError as error:
            exit_code = complain(f"{name_of(file)}: {error}")
            continue
        tagged = tagger.tag_one(article, wish)
        before = "\n" if place else ""
        write_line(f"{before}{name_of(file)}")
        for line in tag_text.described(tagged, options.topics or known):
            write_line(line)
    return exit_code


def _check(options: argparse.Namespace) -> None:
    if options.title is not None and (options.jsonl or len(options.files) > 1):
        options.refuse("--title is for one article as text; give one FILE")
    if not options.jsonl and (options.jobs or options.output):
        options.refuse("--jobs and --output are for --jsonl")


def _answer_files(tagger: Tagger, wish: Wish, options: argparse.Namespace) -> int:
    """Answer files of JSON lines, one after the other."""
    # Workers are forked of this process: what is compiled and read by now they share.
    answer = functools.partial(
        json_lines.answer, warm(tagger), wish=wish, chosen=options.topics
    )
    progress = Progress(
        tag_files.size_of(options.files),
        wanted=bool(options.output) or not terminal.output().isatty(),
    )
    exit_code = 0
    try:
        with (
            # Of a supervisor, of a terminal that is closed.
            termination_as_exit(signal.SIGTERM, signal.SIGHUP),
            answering(answer, options.jobs or 1) as answer_all,
            tag_files.output(options.output) as output,
        ):
            for file in options.files:
                exit_code |= _answer_file(answer_all, file, output, progress)
    except WorkerError as error:
        return complain(str(error))
    finally:
        progress.close()
    return exit_code


@contextlib.contextmanager
def termination_as_exit(*signals: signal.Signals) -> Iterator[None]:
    """Lets signals first end the workers and remove what was written so far.

    Where one is ignored, as SIGHUP under nohup, it stays so.
    """

    def leave(number: int, _: object) -> None:
        sys.exit(_SHELL + number)

    before = {one: signal.getsignal(one) for one in signals}
    heard = [one for one in signals if before[one] is not signal.SIG_IGN]
    try:
        for one in heard:
            signal.signal(one, leave)
        yield
    finally:
        for one in heard:
            signal.signal(one, before[one])


def _answer_file(
    answer_all: AnswerAll, file: str, output: BinaryIO, progress: Progress
) -> int:
    try:
        opened = open_file(file)
    except OSError as error:
        return progress.complain(f"{name_of(file)}: {error.strerror}")
    exit_code = n_lines = n_read = 0
    with opened as content:
        chunks = Lines(content) if file == STANDARD_INPUT else chunks_of(content)
        try:
            for answered in answer_all(chunks):
                output.write(answered.content)
                output.flush()  # a reader may be waiting for it
                for place, problem in answered.problems:
                    line = f"{name_of(file)}, line {n_lines + place + 1}"
                    exit_code = progress.complain(f"{line}: {problem}")
                n_lines += answered.n_lines
                progress.add(answered.n_lines, chunks.n_read - n_read)
                n_read = chunks.n_read
        except WorkerError as error:
            done = f"{name_of(file)}, after line {n_lines}"
            raise WorkerError(f"{done}: {error}") from error
    if chunks.problem:
        exit_code = progress.complain(f"{name_of(file)}: {chunks.problem}")
    return exit_code
