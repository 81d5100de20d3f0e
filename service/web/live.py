"""The tagger that is live: every request asks for it once, and keeps what it got."""

from collections.abc import Callable

from service.tagging.tagger import Tagger

type Live = Callable[[], Tagger]
"""Gives the tagger of the model that is live at this moment."""
