"""`barchasb tag | archive | model | key`: what is done without HTTP."""

import argparse
import contextlib
import gc
import os
import sys
from pathlib import Path

from service import key_cli, model_cli, tag_cli
from service.archive import cli as archive_cli
from service.tagging.model_file import ModelFileError
from service.terminal import complain
from service.web.keys import KeysError
from service.web.settings import SettingsError

_INTERRUPTED, _PIPE_CLOSED = 130, 141  # what a shell reports of SIGINT and SIGPIPE


def command() -> int:
    """Run one command in a process of its own; returns its exit code."""
    gc.freeze()  # what was imported is no garbage: do not look through it again
    if sys.stderr is None:  # it was closed: nobody wants to be told anything
        sys.stderr = Path(os.devnull).open("w")  # noqa: SIM115 - for as long as we run
    try:
        return main()
    finally:
        gc.freeze()  # Python would once more, which takes a tenth of a second


def main(arguments: list[str] | None = None) -> int:
    """Run one command.

    Returns:
        The exit code: 0; 1 where something could not be used, as said on standard
        error; 130 where the user stopped it, 141 where the output's reader left.
    """
    options = _parser().parse_args(arguments)
    try:
        return int(options.run(options))
    except (KeysError, SettingsError, ModelFileError) as error:
        return complain(str(error))
    except KeyboardInterrupt:
        return _INTERRUPTED
    except OSError as error:
        # What is still buffered would fail again, and loudly, when Python exits.
        with contextlib.suppress(AttributeError, OSError, ValueError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(error, BrokenPipeError):
            return _PIPE_CLOSED
        return complain(f"{error.filename or 'the output'}: {error.strerror or error}")


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
    commands = parser.add_subparsers(
        required=True, metavar="tag | archive | model | key"
    )
    tag_cli.add_to(commands, models)
    archive_cli.add_to(commands, models)
    model_cli.add_to(commands, models)
    key_cli.add_to(commands)
    return parser


if __name__ == "__main__":
    sys.exit(command())
