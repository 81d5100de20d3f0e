"""The tagger that is live: every request asks for it once, and keeps what it got.

A worker follows the pointer by itself. What the pointer names is read and tried out
beside the tagger that serves, and takes its place in one assignment: requests under way
end on the tagger that they began with, and with the last of them its mapped file goes.
"""

import contextlib
import logging
import threading
import time
from collections.abc import Callable
from typing import Protocol

import msgspec

from service.tagging.model_file import Model, ModelFileError
from service.tagging.model_store import ModelStore, Stamp
from service.tagging.tagger import Article, Tagger, Wish

EXTENSION = "barchasb.follower"  # an application's, in its `extensions`
POLL_SECONDS = 1.0

_log = logging.getLogger(__name__)

type Live = Callable[[], Tagger]
"""Gives the tagger of the model that is live at this moment."""


class Refused(msgspec.Struct, frozen=True):
    """A version that the pointer names and that cannot be served.

    Attributes:
        version: The version; empty where there is no pointer, or none to be read.
        reason: What is wrong with it, and the cure, for callers: the log alone says
            where on this machine the version lies.
    """

    version: str
    reason: str


class Watcher(Protocol):
    """Is told what becomes of the versions that a worker meets."""

    def serves(self, version: str) -> None:
        """The worker begins, with this version."""

    def reloaded(self, version: str) -> None:
        """The worker has taken up another version."""

    def reload_refused(self) -> None:
        """The worker could not use a version, and serves on with the one it has."""


def warm(tagger: Tagger) -> Tagger:
    """Tag an article, so that the first request finds tables read, kernel compiled."""
    tagger.tag_one(Article(title="خبر", text="متن یک خبر."), Wish(explain=True))
    return tagger


class Follower:
    """Serves the version that the pointer names, as far as it can be used.

    Attributes:
        refused: What the pointer names, where it cannot be served.
    """

    refused: Refused | None = None

    def __init__(self, store: ModelStore, tagger: Tagger) -> None:
        self._store = store
        self._tagger = tagger
        self._seen: Stamp | None = None
        self._watcher: Watcher | None = None
        self._checking = threading.Lock()

    def live(self) -> Tagger:
        """The tagger that is live at this moment."""
        return self._tagger

    def follow(self, watcher: Watcher | None = None) -> None:
        """Look at the pointer now, and every second from now on, in a thread.

        To be called once in each worker: a fork does not take threads with it.
        """
        self._watcher = watcher
        if watcher:
            watcher.serves(self._tagger.model.version)
        self.check()
        if self.refused:
            self._catch_up()
        threading.Thread(target=self._poll, name="follower", daemon=True).start()

    def check(self) -> None:
        """Look at the pointer; on return, what it names is live or refused.

        What was refused is tried again once it, or the pointer, has been written anew.
        """
        with self._checking:
            seen, self._seen, version = self._seen, None, None
            try:
                self._seen = self._store.stamp()
                version = self._seen[0]
                if self._seen == seen:
                    return
                if version != self._tagger.model.version:
                    self._take(self._store.live())
                self.refused = None
            except ModelFileError as error:
                self._refuse(version, str(error))
            except Exception as error:  # noqa: BLE001 - the old one must serve on
                self._refuse(version, f"it cannot be used: {error!r}")

    def _take(self, model: Model) -> None:
        tagger = warm(Tagger(model))
        before, self._tagger = self._tagger.model.version, tagger
        _log.info("model %s is live, in place of %s", model.version, before)
        if self._watcher:
            self._watcher.reloaded(model.version)

    def _refuse(self, version: str | None, reason: str) -> None:
        refused = Refused(version or "", self._without_place(reason))
        if refused == self.refused:
            return
        self.refused = refused
        serving = self._tagger.model.version
        _log.error("model %s is refused, %s stays live: %s", version, serving, reason)
        if self._watcher:
            self._watcher.reload_refused()

    def _without_place(self, reason: str) -> str:
        """The reason without where on this machine the folder of models lies."""
        root = self._store.root
        return reason.replace(str(root), root.name) if root.parts[1:] else reason

    def _catch_up(self) -> None:
        """Serve what older workers serve on with, not what the master began with."""
        with contextlib.suppress(Exception):  # else the master's it is
            before = self._store.before()
            if before and before != self._tagger.model.version:
                self._take(self._store.load(before))

    def _poll(self) -> None:
        while True:
            time.sleep(POLL_SECONDS)
            self.check()
