"""A service whose disks are small ones in memory, mounted for this process alone."""

import contextlib
import json
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from http.client import HTTPConnection, HTTPException, HTTPResponse
from pathlib import Path

from benchmarks.serving import HOST, served, workers_of
from service.tagging.model_file import Model
from service.tagging.model_store import ModelStore
from service.web.keys import KeyFile

ARTICLE: dict[str, object] = {
    "title": "خبر",
    "text": "صادرات گاز به ترکیه از سر گرفته شد.",
}
QUOTA, WINDOW = 1000, 60  # requests in seconds, for each caller
_MEMORY = Path("/dev/shm")  # noqa: S108 - where gunicorn and the metrics keep theirs
_KB, _MB = 1 << 10, 1 << 20
_WORKERS = 2
_SOON = 5.0  # seconds for what is looked at once a second


@dataclass
class Place:
    """A service, and where it keeps what it writes.

    Attributes:
        root: The folder of all that follows.
        store: Two versions.
        versions: The one that is live, and the one that was before.
        key: One that may tag.
        port: Where it listens.
        pid: The process that workers are forked from.
        faults: What did not hold.
    """

    root: Path
    store: ModelStore
    versions: tuple[str, str]
    key: str
    port: int = 0
    pid: int = 0
    faults: list[str] = field(default_factory=list)

    @property
    def keys(self) -> Path:
        """The file of keys."""
        return self.root / "keys" / "keys.json"

    @property
    def log(self) -> Path:
        """What the service prints."""
        return self.root / "log" / "log"

    @property
    def disks(self) -> tuple[Path, ...]:
        """All that the service or a command writes on."""
        temporary = self.root / "temporary"
        return self.store.root, self.keys.parent, self.log.parent, temporary, _MEMORY

    def expect(self, held: bool, otherwise: str) -> None:
        """Note what does not hold."""
        if not held:
            self.faults.append(otherwise)

    def connect(self) -> HTTPConnection:
        """A connection to the service."""
        return HTTPConnection(HOST, self.port, timeout=_SOON)

    def ask(self, connection: HTTPConnection) -> HTTPResponse:
        """The answer to an article, which has been read."""
        headers = {"Content-Type": "application/json", "X-API-Key": self.key}
        connection.request("POST", "/v1/classify", json.dumps(ARTICLE), headers)
        answer = connection.getresponse()
        answer.read()
        return answer

    def status(self) -> int:
        """How an article is answered on a connection of its own; 0 where it is not."""
        with contextlib.closing(self.connect()) as connection:
            try:
                return self.ask(connection).status
            except (OSError, HTTPException):
                return 0

    def get(self, path: str) -> bytes:
        """What is answered there; nothing where it is not, or not with 200."""
        with contextlib.closing(self.connect()) as connection:
            try:
                connection.request("GET", path)
                answer = connection.getresponse()
                body = answer.read()
            except (OSError, HTTPException):
                return b""
        return body if answer.status == 200 else b""  # noqa: PLR2004 - HTTP


@contextlib.contextmanager
def serving(root: Path, model: Model, **variables: str) -> Iterator[Place]:
    """Serve from small disks in an empty folder, with two versions and a key.

    Args:
        root: The folder.
        model: The live version; the other one is made from it.
        variables: Settings.
    """
    with contextlib.ExitStack() as mounted:
        store = ModelStore(root / "models")
        mounted.enter_context(_disk(store.root, 1 << 30))
        for name, size in (("keys", 32 * _KB), ("log", _MB), ("temporary", _MB)):
            mounted.enter_context(_disk(root / name, size))
        mounted.enter_context(_disk(_MEMORY, 8 * _MB))
        first, second = store.add(model), store.add(replace(model, seeds="of others"))
        for version in (second, first):
            store.promote(version)
        used = sum(one.stat().st_size for one in store.root.rglob("*") if one.is_file())
        mount("-o", f"remount,size={used + _MB}", str(store.root))
        key = KeyFile(root / "keys" / "keys.json").make("desk", ("tag",))
        place = Place(root, store, (first, second), key)
        settings = {
            "BARCHASB_KEYS": str(place.keys),
            "BARCHASB_RATE": f"{QUOTA}/minute",
            "TMPDIR": str(root / "temporary"),
            # A machine that is busy with other things is no mishap.
            "BARCHASB_QUEUE_MS": "10000",
            **variables,
        }
        with served(store.root, place.log, **settings) as (place.port, place.pid):
            comes(lambda: len(workers_of(place.pid)) == _WORKERS)
            yield place


@contextlib.contextmanager
def _disk(folder: Path, size: int) -> Iterator[None]:
    folder.mkdir(exist_ok=True)
    mount("-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder))
    try:
        yield
    finally:
        # Lazy, because a model that was read here is still mapped.
        subprocess.run(["umount", "--lazy", folder], check=True)  # noqa: S603, S607


def own_mounts() -> None:
    """Have what is mounted from here on seen by this process and what it starts."""
    os.unshare(os.CLONE_NEWNS)
    mount("--make-rprivate", "/")


def mount(*arguments: str) -> None:
    """Run `mount`."""
    subprocess.run(["mount", *arguments], check=True)  # noqa: S603, S607 - where it is


def fill(folder: Path) -> Path:
    """Leave no room on a folder's disk; returns what fills it."""
    filling = folder / "filling"
    with contextlib.suppress(OSError), filling.open("wb", buffering=0) as file:
        while file.write(bytes(_KB)):
            pass
    return filling


def comes(done: Callable[[], bool]) -> bool:
    """Wait a little for something; returns whether it came."""
    deadline = time.monotonic() + _SOON
    while not done():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True
