"""`barchasb key`: makes, lists and revokes the keys of callers."""

import argparse
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from service.terminal import write_line
from service.web.keys import SCOPES, KeyFile
from service.web.settings import Settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction


def add_to(commands: "_SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command."""
    key = commands.add_parser("key", help="make, list and revoke API keys")
    actions = key.add_subparsers(required=True, metavar="make | list | revoke")

    def add(name: str, does: str) -> argparse.ArgumentParser:
        told = f"{does[0].upper()}{does[1:]}."
        action = actions.add_parser(
            name, allow_abbrev=False, help=does, description=told
        )
        action.add_argument(
            "--keys",
            type=Path,
            metavar="FILE",
            help="the file of keys (default: $BARCHASB_KEYS, or keys.json)",
        )
        return action

    make = add("make", "make a key and print it, this once")
    make.add_argument("name", metavar="NAME", help="whose it is")
    make.add_argument(
        "--scope",
        action="append",
        choices=SCOPES,
        help="what it opens, more than once for more (default: tag)",
    )
    make.set_defaults(run=_make)
    add("list", "list the keys, without what opens").set_defaults(run=_list)
    revoke = add("revoke", "have a key open nothing, within a second")
    revoke.add_argument("name", metavar="NAME")
    revoke.set_defaults(run=_revoke)


def _file(options: argparse.Namespace) -> KeyFile:
    return KeyFile(options.keys or Settings.from_environment().keys)


def _make(options: argparse.Namespace) -> int:
    scopes = tuple(scope for scope in SCOPES if scope in (options.scope or ["tag"]))
    file = _file(options)
    shown = file.make(options.name, scopes)
    try:
        # Nothing else goes to standard output, which may be a secret store's input.
        write_line(shown)
    except OSError:  # nobody has seen it, and nobody ever could
        file.revoke(options.name)
        raise
    return 0


def _list(options: argparse.Namespace) -> int:
    keys = _file(options).read()
    width = max((len(key.name) for key in keys), default=0)
    for key in keys:
        revoked = f"revoked {_day(key.revoked)}" if key.revoked else ""
        scopes = ",".join(key.scopes)
        line = f"{key.name:{width}}  {scopes:14}  made {_day(key.made)}  {revoked}"
        write_line(line.rstrip())
    return 0


def _revoke(options: argparse.Namespace) -> int:
    _file(options).revoke(options.name)
    return 0


def _day(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d}"
