"""`barchasb model`: the versions on disk, and which of them is live."""

import argparse
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from service import model_diff
from service.tagging.model_file import Model, ModelFileError
from service.tagging.model_store import ModelStore
from service.terminal import complain, write_line
from service.web.settings import Settings

if TYPE_CHECKING:
    from argparse import _SubParsersAction

_ACTIONS = "list | show | promote | rollback | verify | prune | diff"


def store_of(options: argparse.Namespace) -> ModelStore:
    """The folder of versions that is meant: the option's, or else the service's.

    Raises:
        SettingsError: A variable cannot be used.
    """
    folder = getattr(options, "models", None) or Settings.from_environment().models
    return ModelStore(folder)


def add_to(
    commands: "_SubParsersAction[argparse.ArgumentParser]",
    models: argparse.ArgumentParser,
) -> None:
    """Add the command, each action of it with the options of `models`."""
    model = commands.add_parser(
        "model", parents=[models], help="list, show, check and change versions"
    )
    model.set_defaults(run=_show, version=None)
    actions = model.add_subparsers(metavar=_ACTIONS)

    def add(name: str, does: str) -> argparse.ArgumentParser:
        told = f"{does[0].upper()}{does[1:]}."
        return actions.add_parser(
            name, parents=[models], allow_abbrev=False, help=does, description=told
        )

    add("list", "list the versions, the newest first").set_defaults(run=_list)
    show = add("show", "describe a version, the live one if none is named")
    show.add_argument("version", nargs="?", metavar="VERSION")
    promote = add("promote", "make a version the live one")
    promote.add_argument("version", metavar="VERSION")
    promote.set_defaults(run=_promote)
    back = add("rollback", "make the version live that was live before")
    back.set_defaults(run=_roll_back)
    verify = add("verify", "read versions and hold them to their digests, all if none")
    verify.add_argument("versions", nargs="*", metavar="VERSION")
    verify.set_defaults(run=_verify)
    _add_prune(
        add("prune", "remove old versions, never the live one or the one before")
    )
    diff = add("diff", "show whose tags change between two versions")
    diff.add_argument("old", metavar="OLD", help="a version")
    diff.add_argument("new", metavar="NEW", help="another")
    diff.add_argument(
        "file", metavar="FILE", help="JSON lines with id, text and perhaps title"
    )
    diff.set_defaults(run=_diff)


def _add_prune(prune: argparse.ArgumentParser) -> None:
    prune.add_argument(
        "--keep", type=_count, metavar="N", help="keep the N newest, however old"
    )
    prune.add_argument(
        "--older-than", type=_count, metavar="DAYS", help="keep what is younger"
    )
    prune.set_defaults(run=_prune, refuse=prune.error)


def _count(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise argparse.ArgumentTypeError(f"{text!r} is no whole number from 0")
    return int(text)


def _list(options: argparse.Namespace) -> int:
    store = store_of(options)
    kept = store.kept()
    if not kept:
        raise ModelFileError(f"{store.root} holds no version; run `make train`")
    write_line(f"{'version':16}  {'written (UTC)':16}  {'MB':>6}  {'state':6}  format")
    for version, written, size in kept:
        write_line(
            f"{version:16}  {_minute(written)}  {size / 1e6:6.1f}  "
            f"{_state(store, version):6}  {_format(store, version)}"
        )
    live = store.live_version()
    if live not in store.versions():
        return complain(_no_live(store, live))
    return 0


def _no_live(store: ModelStore, live: str | None) -> str:
    named = "there is no pointer" if live is None else f"the pointer names {live!r}"
    return f"{store.root} holds no live version: {named}; promote one of the list"


def _format(store: ModelStore, version: str) -> str:
    try:
        return str(store.load(version).format)
    except ModelFileError as error:
        return f"cannot be used: {error}"


def _state(store: ModelStore, version: str) -> str:
    return {store.before(): "before", store.live_version(): "live"}.get(version, "")


def _minute(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"


def _show(options: argparse.Namespace) -> int:
    store = store_of(options)
    version = options.version or store.live_version()
    model = store.verify(version) if version else store.live()
    (kept,) = (one for one in store.kept() if one.version == model.version)
    libraries = ", ".join(f"{name} {found}" for name, found in model.libraries.items())
    write_line(f"model      {model.version}")
    write_line(f"state      {_state(store, model.version) or 'not live'}")
    write_line(f"written    {_minute(kept.written)} UTC")
    write_line(f"bytes      {kept.size}")
    write_line(f"format     {model.format}")
    write_line(f"seeds      {model.seeds}")
    write_line(f"trained by {libraries}\n")
    for line in _evaluated(model):
        write_line(line)
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


def _promote(options: argparse.Namespace) -> int:
    store = store_of(options)
    before = store.live_version()
    store.promote(options.version)
    write_line(f"{options.version} is live; it was {before or 'none'}")
    return 0


def _roll_back(options: argparse.Namespace) -> int:
    store = store_of(options)
    before = store.live_version()
    write_line(f"{store.roll_back()} is live; it was {before}")
    return 0


def _verify(options: argparse.Namespace) -> int:
    store = store_of(options)
    versions = options.versions or store.versions()
    if not versions:
        raise ModelFileError(f"{store.root} holds no version; run `make train`")
    exit_code = 0
    for version in versions:
        try:
            store.verify(version)
        except ModelFileError as error:
            exit_code = complain(str(error))
        else:
            write_line(f"{version} is whole and can be used")
    return exit_code


def _prune(options: argparse.Namespace) -> int:
    if options.keep is None and options.older_than is None:
        options.refuse("say what to keep: --keep N, --older-than DAYS, or both")
    store_of(options).prune(
        options.keep or 0,
        timedelta(days=min(options.older_than or 0, timedelta.max.days)),
        lambda version: write_line(f"{version} is removed"),
    )
    return 0


def _diff(options: argparse.Namespace) -> int:
    store = store_of(options)
    return model_diff.compare(
        store.load(options.old), store.load(options.new), options.file
    )
