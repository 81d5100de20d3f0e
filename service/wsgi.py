"""gunicorn's entry: the service, wired from the environment's settings."""

import functools
import sys
from pathlib import Path

from flask import Flask

from service.tagging.model_file import ModelFileError
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.live import Follower, warm
from service.web.settings import Settings, SettingsError


def build() -> Flask:
    """The application with the live model, its compiled parts ready.

    Raises:
        SettingsError: A variable cannot be used.
        ModelFileError: There is no live model, or it cannot be read.
    """
    settings = Settings.from_environment()
    store = ModelStore(settings.models)
    # The kernel compiles on first use: once here, for every worker forked later.
    follower = Follower(store, warm(Tagger(store.live())))
    find_card = functools.partial(_find_card, settings.models)
    return create_app(follower.live, settings, find_card, follower)


def _find_card(models: Path, version: str) -> bytes | None:
    """The card that training wrote beside the model, None where it wrote none."""
    try:
        return (models / version / "card.html").read_bytes()
    except FileNotFoundError:
        return None


try:
    application = build()
except (SettingsError, ModelFileError) as error:
    sys.exit(f"barchasb: {error}")
except OSError as error:
    unnamed = (
        "a folder, for compiled code (NUMBA_CACHE_DIR) or temporary files (TMPDIR),"
    )
    sys.exit(
        f"barchasb: {error.filename or unnamed} cannot be used "
        f"({error.strerror or error}); make room on its disk, or let the service's "
        "user read and write there"
    )
