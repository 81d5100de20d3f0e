"""gunicorn's entry: the service, wired from the environment's settings."""

import functools
import logging
import sys
from pathlib import Path

from flask import Flask

from service.tagging.model_file import ModelFileError
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger, Wish
from service.web.app import create_app
from service.web.settings import Settings, SettingsError


def build() -> Flask:
    """The application with the live model, its compiled parts ready.

    Raises:
        SettingsError: A variable cannot be used.
        ModelFileError: There is no live model, or it cannot be read.
    """
    settings = Settings.from_environment()
    logging.basicConfig(
        level=settings.log_level.upper(),
        format="%(asctime)s %(levelname)s %(name)s %(message)s",
    )
    tagger = Tagger(ModelStore(settings.models).live())
    # The kernel compiles on first use: once here, for every worker forked later.
    for _ in tagger.tag([Article(title="خبر", text="متن یک خبر.")], Wish(explain=True)):
        pass
    return create_app(
        lambda: tagger, settings, functools.partial(_find_card, settings.models)
    )


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
