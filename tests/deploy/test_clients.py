"""The example clients, run against a service."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import cast

import pytest

from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.keys import KeyFile
from service.web.settings import Settings
from tests.deploy.promql import DEPLOY
from tests.web.fake_tagger import FakeTagger
from tests.web.serving import serving

type Run = Callable[..., subprocess.CompletedProcess[str]]

CLIENTS = DEPLOY / "clients"
PATH = f"{Path(sys.executable).parent}:{os.defpath}"
FEED = """<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0"><channel><title>News</title>
<item><title>برق</title><link>https://news.example/1</link>
<description>&lt;p&gt;صادرات &amp;amp; برق&lt;/p&gt;</description></item>
<item><title>خبر</title><link>https://news.example/2</link></item>
<item><title>&lt;b&gt;برق&lt;/b&gt; &lt;b&gt;آمد&lt;/b&gt;</title><link>https://news.example/3</link>
<description>او گفت &amp;#8220;برق&amp;#8221;</description></item>
<item><link>https://news.example/4</link></item>
</channel></rss>
"""


@pytest.fixture(scope="module")
def keys(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "keys.json"


@pytest.fixture(scope="module")
def key(keys: Path) -> str:
    return KeyFile(keys).make("desk", ("tag",))


@pytest.fixture(scope="module")
def url(keys: Path, key: str) -> Iterator[str]:
    assert key
    tagger = cast(Tagger, FakeTagger())
    app = create_app(lambda: tagger, Settings(keys=keys))
    with serving(app) as address:
        yield address


@pytest.fixture
def run(url: str, key: str) -> Run:
    def run(*command: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(word) for word in command],
            env={"PATH": PATH, "BARCHASB_URL": url, "BARCHASB_KEY": key},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run


@pytest.fixture
def article(tmp_path: Path) -> Path:
    path = tmp_path / "article.txt"
    path.write_text("صادرات «برق»\nدوم", "utf-8")
    return path


@pytest.mark.skipif(
    not (shutil.which("curl") and shutil.which("jq")), reason="needs curl and jq"
)
def test_shell(run: Run, article: Path, tmp_path: Path) -> None:
    ended = run(CLIENTS / "classify.sh", article)
    assert ended.stdout == f"{article}\ttrade\tenergy\n", ended.stderr
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    ended = run(CLIENTS / "classify.sh", empty)
    assert ended.returncode != 0
    assert f"{empty}: text is blank; " in ended.stderr


def test_python(run: Run, article: Path) -> None:
    ended = run(sys.executable, CLIENTS / "classify.py", article)
    assert ended.stdout == f"{article}\ttrade\tenergy\n", ended.stderr


def test_python_tells_what_is_wrong(run: Run, tmp_path: Path) -> None:
    empty = tmp_path / "empty.txt"
    empty.write_text("")
    ended = run(sys.executable, CLIENTS / "classify.py", empty)
    assert ended.returncode == 1
    assert "RuntimeError: " in ended.stderr


def test_feed(run: Run, tmp_path: Path) -> None:
    feed = tmp_path / "feed.xml"
    feed.write_text(FEED, "utf-8")
    ended = run(sys.executable, CLIENTS / "feed.py", feed)
    assert ended.stdout == (
        "https://news.example/1\ttrade\tenergy\nhttps://news.example/2\n"
        "https://news.example/3\tenergy\n"
    ), ended.stderr
    assert ended.stderr.startswith("https://news.example/4\ttext is blank; ")
