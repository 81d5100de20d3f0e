"""Requests per second over HTTP, beside what tags nothing and what tags slowly."""

import operator
import pickle
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path

import msgspec

from benchmarks.figures import Figure, Measured
from benchmarks.material import Material
from benchmarks.servers import (
    AS_DEPLOYED,
    BARE,
    CLASSIFY,
    CONSTANT,
    PLAIN,
    Server,
    environment,
    serving,
)
from service.tagging.tagger import Article
from service.web.markup import find_markup

INSTALL_WRK = "wrk is missing, so HTTP is left out; install it: apt-get install wrk"
_BODY_BYTES = 4096
_ENVELOPE_BYTES = 32  # names and quotes of the JSON around an article
_CONNECTIONS = 8
_SECONDS = 1
_TURNS = 48
_PEER = "/"
_SCRIPT = Path(__file__).with_name("rotate.lua")
_FAILED = re.compile(r"Non-2xx or 3xx responses: \d+|Socket errors: .*")
_RATE = re.compile(r"^Requests/sec:\s+([0-9.]+)$", re.M)


class LoadError(Exception):
    """wrk did not get the good answers that it should have."""


def measure(material: Material) -> Measured:
    """The service, its constant route, bare Flask and the peer, taking turns."""
    bodies = request_bodies(material.articles)
    variables = environment(material.models)
    with tempfile.TemporaryDirectory() as name, ExitStack() as stack:
        folder = Path(name)
        (folder / "bodies").write_bytes(b"\n".join(bodies) + b"\n")
        (folder / "peer.pickle").write_bytes(pickle.dumps(material.straightforward))

        def serve(application: str, path: str, *options: str) -> Server:
            server = serving(application, path, bodies[0], variables, options)
            return stack.enter_context(server)

        service = "benchmarks.endpoints:with_constant()"
        ours = serve(service, CONSTANT, *AS_DEPLOYED)
        bare = serve("benchmarks.endpoints:bare()", BARE, *PLAIN)
        dumped = f"benchmarks.straightforward:create_app('{folder}/peer.pickle')"
        peer = serve(dumped, _PEER, *PLAIN)
        turns = _turns(
            {
                "bare Flask route": bare.url(BARE),
                "constant answer": ours.url(CONSTANT),
                "/v1/classify": ours.url(CLASSIFY),
                "hazm and scikit-learn": peer.url(_PEER),
            },
            folder / "bodies",
        )
    plain, constant, classify, slow = turns
    rates = {name: statistics.median(turns[name]) for name in turns}
    return Measured(
        [
            paired_ratio(turns, classify, constant, least=0.85),
            paired_ratio(turns, constant, plain, least=0.8),
            paired_ratio(turns, classify, slow, least=5),
            *(Figure(name, rate, "requests/s") for name, rate in rates.items()),
        ],
        bars=rates,
    )


def request_bodies(articles: Sequence[Article]) -> list[bytes]:
    """The bodies of requests, each near 4 KB: longer articles cut, shorter left out.

    Where all are shorter, as seeds are, several make one.
    """
    fit = [one for one in articles if not find_markup(one.title + one.text)]
    bodies = _filled(fit) or _filled(_joined(fit))
    if not bodies:
        raise LoadError(f"the articles do not fill a request of {_BODY_BYTES} bytes")
    return bodies


def _filled(articles: Iterable[Article]) -> list[bytes]:
    bodies = []
    for article in articles:
        room = _BODY_BYTES - len(article.title.encode()) - _ENVELOPE_BYTES
        encoded = article.text.encode()
        if len(encoded) >= room:
            text = encoded[:room].decode(errors="ignore").replace("\0", "")
            bodies.append(msgspec.json.encode({"title": article.title, "text": text}))
    return bodies


def _joined(articles: Sequence[Article]) -> Iterator[Article]:
    texts: list[str] = []
    for article in articles:
        texts.append(article.text)
        text = "\n".join(texts)
        if len(text.encode()) >= _BODY_BYTES:
            yield Article(article.title, text)
            texts.clear()


def _turns(urls: dict[str, str], bodies: Path) -> dict[str, list[float]]:
    """Requests per second of each address, turn by turn; a first turn only warms."""
    turns = [
        {name: _load(url, bodies, _SECONDS) for name, url in urls.items()}
        for _ in range(1 + _TURNS)
    ]
    return {name: [turn[name] for turn in turns[1:]] for name in urls}


def paired_ratio(
    turns: Mapping[str, Sequence[float]], name: str, other: str, *, least: float
) -> Figure:
    """The median of the turns' ratios: what disturbs one side mostly disturbs both."""
    ratios = map(operator.truediv, turns[name], turns[other])
    return Figure(f"{name} over {other}", statistics.median(ratios), least=least)


def _load(url: str, bodies: Path, seconds: int) -> float:
    wrk = shutil.which("wrk")
    if wrk is None:
        raise LoadError(INSTALL_WRK)
    command = [wrk, "-t1", f"-c{_CONNECTIONS}", f"-d{seconds}s", "-s", str(_SCRIPT)]
    finished = subprocess.run(  # noqa: S603 - our own command
        [*command, url, "--", str(bodies)],
        capture_output=True,
        text=True,
        check=True,
        timeout=4 * seconds,
    )
    return rate(finished.stdout)


def rate(printed: str) -> float:
    """Requests per second that wrk has printed.

    Raises:
        LoadError: Some were not answered well.
    """
    if failed := _FAILED.search(printed):
        raise LoadError(f"wrk: {failed[0]}")
    found = _RATE.search(printed)
    if found is None:
        raise LoadError(f"wrk printed no rate: {printed}")
    return float(found[1])
