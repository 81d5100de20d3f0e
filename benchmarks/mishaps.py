"""`python -m benchmarks.mishaps`: disks that are full or read-only, a clock that jumps.

gunicorn serves with two workers, and all that it or a command writes is on small disks,
mounted for this process alone: that takes root, on Linux. Every mishap has a verdict:

clock      a day forwards, then two back: rates, kept connections, requests under way,
           keys, the live version and the log's durations are as if nothing had been
full       no room for models, keys, metrics, temporary files and the log: the service
           answers, as does a worker in place of one that is killed; commands say what
           is wrong and change nothing; with room again, all goes on
read_only  models and keys cannot be written: likewise
"""

import argparse
import contextlib
import io
import json
import os
import signal
import socket
import sys
import tempfile
import time
from dataclasses import replace
from http.client import HTTPConnection
from pathlib import Path

from benchmarks.load import request
from benchmarks.serving import HOST, workers_of
from benchmarks.small_disks import (
    ARTICLE,
    WINDOW,
    Place,
    comes,
    fill,
    mount,
    own_mounts,
    serving,
)
from service import cli
from service.tagging.model_file import Model, ModelFileError
from service.tagging.model_store import ModelStore
from service.web.keys import KeyFile

_ASKS = 20  # connections one after another, so that every worker has some
_LOOKED_SECONDS = 1.0  # in which all that is looked at once a second is
_DAYS = (86_400, -86_400)
_LONGEST_MS = 10_000.0
_OK, _UNAUTHORIZED = 200, 401
# Python takes it up when it starts. Nothing in the service but the log and what it
# tells of files has a use for this clock.
_CLOCK = """
import time
def set_by_hand(real=time.time, hands={hands!r}):
    with open(hands) as file:
        return real() + float(file.read() or 0)
time.time = set_by_hand
"""


def full(place: Place) -> None:
    """Fill every disk, and make room again."""
    fillings = [fill(disk) for disk in place.disks]
    _answers(place, "on full disks")
    _refuses(place, "No space left on device")
    before = set(workers_of(place.pid))
    os.kill(min(before), signal.SIGKILL)
    place.expect(
        comes(lambda: len(set(workers_of(place.pid)) - before) > 0),
        "a worker is not replaced",
    )
    _answers(place, "with a worker begun on full disks")
    after = set(workers_of(place.pid)) - before
    place.expect(len(after) == 1, f"{len(after)} workers begun in place of one")
    for filling in fillings:
        filling.unlink()
    size = place.log.stat().st_size
    _answers(place, "with room again")
    place.expect(place.log.stat().st_size > size, "the log does not go on")
    _follows(place)


def read_only(place: Place) -> None:
    """Have the disks of models and keys refuse to be written, and allow it again."""
    disks = (place.store.root, place.keys.parent)
    for disk in disks:
        mount("-o", "remount,ro", str(disk))
    _answers(place, "on read-only disks")
    _refuses(place, "Read-only file system")
    for disk in disks:
        mount("-o", "remount,rw", str(disk))


def clock(place: Place) -> None:
    """Set the service's clock a day forwards, and two days back."""
    workers = workers_of(place.pid)
    asked = request(ARTICLE).replace(
        b"\r\n\r\n", f"\r\nX-API-Key: {place.key}\r\n\r\n".encode(), 1
    )
    with (
        contextlib.closing(place.connect()) as kept,
        socket.create_connection((HOST, place.port)) as slow,
    ):
        slow.sendall(asked[:-9])
        left = _left(place, kept)
        for seconds in _DAYS:
            _hands(place.root).write_text(f"{seconds}")
            time.sleep(_LOOKED_SECONDS)
            for _ in range(2):  # by the second, the first is in the log
                before, left = left, _left(place, kept)
                place.expect(left == before - 1, f"{before} left, then {left}")
        slow.sendall(asked[-9:])
        place.expect(slow.recv(12)[9:] == b"200", "a request under way is given up")
    place.expect(workers_of(place.pid) == workers, "workers are replaced")
    _follows(place)
    _judge_log(place)


def _hands(root: Path) -> Path:
    return root / "hands"


def _left(place: Place, connection: HTTPConnection) -> int:
    """How many requests the caller has left in this minute, having sent one more."""
    told = place.ask(connection).headers["RateLimit"].split(";")  # "caller";r=9;t=5
    left, seconds = (int(part[2:]) for part in told[1:])
    place.expect(0 < seconds <= WINDOW, f"a window ends in {seconds} s")
    return left


def _judge_log(place: Place) -> None:
    lines = [json.loads(line) for line in place.log.read_text("utf-8").splitlines()]
    days = {line["time"][:10] for line in lines}
    place.expect(len(days) > len(_DAYS), f"the clock did not jump: {sorted(days)}")
    odd = [line["ms"] for line in lines if not 0 <= line.get("ms", 0) < _LONGEST_MS]
    place.expect(not odd, f"requests took {odd} ms")
    bad = [line["event"] for line in lines if line["level"] in {"error", "critical"}]
    place.expect(not bad, f"the log has {bad}")


def _answers(place: Place, when: str) -> None:
    """Expect articles, and who looks at the metrics, to be answered."""
    statuses = {place.status() for _ in range(_ASKS)}
    place.expect(statuses == {_OK}, f"{when}, articles are answered {statuses}")
    place.expect(bool(place.get("/metrics")), f"{when}, there are no metrics")


def _refuses(place: Place, why: str) -> None:
    """Expect every command that writes to say why it cannot, and to change nothing."""
    before = _content(place)
    first, second = place.versions
    models, keys = f"--models={place.store.root}", f"--keys={place.keys}"
    for command in (
        ("key", "make", "other", keys),
        ("key", "revoke", "desk", keys),
        ("model", "promote", second, models),
        ("model", "rollback", models),
    ):
        code, told = _run(command)
        named = all(part in told for part in (why, str(place.root), "make room"))
        place.expect(code == 1 and named, f"{command[:2]} ends with {code}: {told}")
    try:
        place.store.add(replace(place.store.load(first), seeds="of a third"))
        place.expect(False, "a version is written where nothing can be")
    except ModelFileError as error:
        place.expect(why in str(error), f"a version is not written: {error}")
    place.expect(_content(place) == before, f"{why}: files have changed")


def _run(command: tuple[str, ...]) -> tuple[int, str]:
    """A command's exit code, and what it complains of."""
    complaint = io.StringIO()
    with contextlib.redirect_stderr(complaint):
        code = cli.main(list(command))
    return code, complaint.getvalue().strip()


def _content(place: Place) -> dict[Path, bytes]:
    """All that versions, the pointer and keys are."""
    folders = (place.store.root, place.keys.parent)
    files = (path for folder in folders for path in folder.rglob("*"))
    return {path: path.read_bytes() for path in files if path.is_file()}


def _follows(place: Place) -> None:
    """Expect commands to work, and the service to heed them."""

    def is_live(version: str) -> bool:
        return comes(lambda: f'"{version}"'.encode() in place.get("/readyz"))

    first, second = place.versions
    place.store.promote(second)
    place.expect(is_live(second), "a promotion is not heeded")
    place.store.roll_back()
    place.expect(is_live(first), "a roll-back is not heeded")
    file = KeyFile(place.keys)
    before, place.key = place.key, file.make("late", ("tag",))
    place.expect(comes(lambda: place.status() == _OK), "a new key opens nothing")
    file.revoke("late")
    place.expect(comes(lambda: place.status() == _UNAUTHORIZED), "a revoked key opens")
    place.key = before


def main(arguments: list[str] | None = None) -> int:
    """Let things happen, and report; returns 1 where the service did not hold."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.mishaps", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--models", type=Path, default=Path("models"))
    options = parser.parse_args(arguments)
    if not hasattr(os, "unshare") or os.geteuid() != 0:
        print("benchmarks: only root can mount disks, on Linux", file=sys.stderr)
        return 1
    try:
        model = ModelStore(options.models).live()
    except ModelFileError as error:
        print(f"benchmarks: {error}", file=sys.stderr)
        return 1
    own_mounts()
    with tempfile.TemporaryDirectory() as folder:
        return _report(Path(folder), model)


def _report(root: Path, model: Model) -> int:
    _hands(root).write_text("0")
    (root / "sitecustomize.py").write_text(_CLOCK.format(hands=str(_hands(root))))
    path = f"{root}{os.pathsep}{Path(__file__).parents[1]}"
    lost = 0
    with serving(root, model, PYTHONPATH=path) as place:
        # The clock first: its log is to be without errors.
        for mishap in (clock, full, read_only):
            place.faults.clear()
            mishap(place)
            lost += bool(place.faults)
            held = "LOST" if place.faults else "held"
            print(f"{mishap.__name__:10} {held}  {'; '.join(place.faults)}", flush=True)
    return int(lost > 0)


if __name__ == "__main__":
    sys.exit(main())
