"""`barchasb tag | model`: tags files and JSON lines without HTTP."""

import argparse
import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, BinaryIO

from service import json_lines
from service.json_lines import UnusableError
from service.tagging.model_file import Model, ModelFileError
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, ScoredTopic, TaggedArticle, Tagger, Wish
from service.web.settings import Settings, SettingsError

STANDARD_INPUT = "-"
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"
_INTERRUPTED, _PIPE_CLOSED = 130, 141  # what a shell reports of SIGINT and SIGPIPE


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0; 1 where something could not be used, as said on standard
        error; 130 where the user stopped it, 141 where the output's reader left.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (SettingsError, ModelFileError) as error:
        return _complain(str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        # What is still buffered would fail again, and loudly, when Python exits.
        with contextlib.suppress(OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return _PIPE_CLOSED
        return _complain(f"{error.filename or 'the output'}: {error.strerror or error}")


def _parser() -> argparse.ArgumentParser:
    models = argparse.ArgumentParser(add_help=False)
    models.add_argument(
        "--models",
        type=Path,
        default=argparse.SUPPRESS,
        metavar="FOLDER",
        help="the folder of model versions (default: $BARCHASB_MODELS, or models)",
    )
    parser = argparse.ArgumentParser(
        prog="barchasb",
        description="Tags Persian news articles with topics.",
        parents=[models],
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(required=True, metavar="tag | model")
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
        metavar="FILE",
        help="an article's text, or JSON lines; - or none is standard input",
    )
    tag.add_argument("--jsonl", action="store_true", help="JSON lines in and out")
    tag.add_argument("--title", help="the headline of the one article given")
    tag.add_argument(
        "--explain", action="store_true", help="print the words that speak for a topic"
    )
    tag.set_defaults(run=_tag, refuse=tag.error)
    model = commands.add_parser(
        "model", parents=[models], help="describe the live model"
    )
    model.set_defaults(run=_model)
    return parser


def _live_model(options: argparse.Namespace) -> Model:
    folder = getattr(options, "models", None) or Settings.from_environment().models
    return ModelStore(folder).live()


def _tag(options: argparse.Namespace) -> int:
    files = options.files or [STANDARD_INPUT]
    if options.jsonl and (options.explain or options.title is not None):
        options.refuse("--title and --explain are not for --jsonl")
    if options.title is not None and len(files) > 1:
        options.refuse("--title is for one article; give one FILE")
    tagger = Tagger(_live_model(options))
    exit_code = 0
    for place, file in enumerate(files):
        if options.jsonl:
            exit_code |= _answer_lines(tagger, file)
        else:
            exit_code |= _print_tags(tagger, file, place, options)
    return exit_code


def _answer_lines(tagger: Tagger, file: str) -> int:
    """Answer a file line by line, each as soon as it is read."""
    exit_code = 0
    try:
        opened = _open(file)
    except OSError as error:
        return _complain(f"{file}: {error.strerror}")
    with opened as lines:
        for number, line in enumerate(lines, 1):
            content = line.removeprefix(_BYTE_ORDER_MARK) if number == 1 else line
            try:
                _write(json_lines.answer(tagger, content) + b"\n")
            except UnusableError as error:
                exit_code = _complain(f"{_name(file)}, line {number}: {error}")
    return exit_code


def _print_tags(
    tagger: Tagger, file: str, place: int, options: argparse.Namespace
) -> int:
    """Tag a file, which holds one article's text, for people."""
    try:
        article = Article(options.title or "", _text(file))
        (tagged,) = tagger.tag([article], Wish(explain=options.explain))
    except OSError as error:
        return _complain(f"{file}: {error.strerror}")
    except UnusableError as error:
        return _complain(f"{_name(file)}: {error}")
    lines = ["", _name(file)] if place else [_name(file)]
    lines += _described(tagged)
    # A file's name need not be UTF-8: it is printed as the bytes it came as.
    _write("".join(f"{line}\n" for line in lines).encode("utf-8", "surrogateescape"))
    return 0


def _text(file: str) -> str:
    with _open(file) as opened:
        content = opened.read()
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise UnusableError(f"not UTF-8 (byte {error.start})") from error
    if not text.strip():
        raise UnusableError("there is no text in it")
    return text


def _described(tagged: TaggedArticle) -> Iterator[str]:
    if tagged.language is None:
        yield "  no letter in it, so no topic"
        return
    if tagged.language != "fa":
        yield f"  not Persian ({tagged.language}), so no topic"
        return
    width = max(len(scored.topic.id) for scored in tagged.topics)
    for scored in tagged.topics:
        yield from _topic_lines(scored, width)


def _topic_lines(scored: ScoredTopic, width: int) -> Iterator[str]:
    mark = "*" if scored.assigned else " "
    topic = scored.topic
    yield f"  {mark} {scored.score:.3f}  {topic.id:{width}}  {topic.name_fa}"
    words = dict.fromkeys(one.text for one in scored.evidence)
    if words:
        # Only Persian on the line, which a terminal then lays out as it should.
        yield " " * 11 + "\u060c ".join(words)


def _model(options: argparse.Namespace) -> int:
    model = _live_model(options)
    libraries = ", ".join(f"{name} {found}" for name, found in model.libraries.items())
    lines = [
        f"model      {model.version}",
        f"format     {model.format}",
        f"seeds      {model.seeds}",
        f"trained by {libraries}",
        "",
        *_evaluated(model),
    ]
    _write("".join(f"{line}\n" for line in lines).encode())
    return 0


def _evaluated(model: Model) -> Iterator[str]:
    """A row for each topic: its threshold, and figures where there are any."""
    evaluation = model.evaluation
    width = max(len(name) for name in ("macro", *(one.id for one in model.topics)))
    yield f"evaluated on {evaluation.get('articles', 0)} held-out seeds"
    yield f"{'':{width}}  threshold  carried  precision  recall     F1"
    for topic, threshold in zip(model.topics, model.thresholds.tolist(), strict=True):
        figures = _figures(evaluation.get(topic.id, {}))
        yield f"{topic.id:{width}}  {threshold:9.3f}{figures}  {topic.name_fa}"
    for name in ("macro", "micro"):
        yield f"{name:{width}}  {'':9}{_figures(evaluation.get(name, {}))}"


def _figures(found: Mapping[str, Any]) -> str:
    row = f"  {found.get('carried', '-'):>7}"
    for name, width in (("precision", 9), ("recall", 6), ("f1", 5)):
        value = f"{found[name]:.3f}" if name in found else "-"
        row += f"  {value:>{width}}"
    return row


def _open(file: str) -> AbstractContextManager[BinaryIO]:
    if file == STANDARD_INPUT:
        return contextlib.nullcontext(sys.stdin.buffer)
    return Path(file).open("rb")


def _name(file: str) -> str:
    return "standard input" if file == STANDARD_INPUT else file


def _write(content: bytes) -> None:
    """Write to standard output at once: a reader may be waiting for this line."""
    sys.stdout.buffer.write(content)
    sys.stdout.buffer.flush()


def _complain(problem: str) -> int:
    print(f"barchasb: {problem}", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
