"""Whether there is anything to train; light, as every `make serve` asks."""

import json
from pathlib import Path
from typing import Any

from service.tagging.model_file import ModelFileError
from service.tagging.model_store import ModelStore
from training.seeds import digest

COMPARISON = "comparison.json"  # beside a version that was compared with the live one


def why_current(seeds_folder: Path, store: ModelStore) -> str | None:
    """Why there is nothing to train, in a sentence; None where there is something.

    There is nothing where the live model can be used and was trained on the present
    seeds, or was found better than the version that was, or preferred to it by somebody
    who rolled back.
    """
    try:
        live = store.live()
    except ModelFileError:
        return None
    seeds = digest(seeds_folder)
    if live.seeds == seeds:
        return f"model {live.version} is up to date"
    refused = {"seeds": seeds, "live": live.version, "promoted": False}
    for version in store.versions():
        compared = _comparison(store.root / version)
        if refused.items() <= compared.items():
            return f"model {live.version} stays live; {cure(version)}"
        if compared.get("seeds") == seeds and store.was_rolled_back(version):
            return (
                f"model {live.version} stays live; version {version} of the present "
                f"seeds was rolled back; `barchasb model promote {version}` promotes it"
            )
    return None


def cure(version: str) -> str:
    """How to make a version live that was found worse."""
    return (
        f"version {version} of the present seeds was found worse; "
        "`make train PROMOTE=anyway` promotes it"
    )


def _comparison(folder: Path) -> dict[str, Any]:
    try:
        found = json.loads((folder / COMPARISON).read_text("utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
