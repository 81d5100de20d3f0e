import functools
import os
from collections.abc import Iterator
from typing import cast

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.settings import Settings
from tests.web.fake_tagger import CARDS, FakeTagger
from tests.web.serving import serving

# Nothing but the page under test may be asked for.
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="session")
def address() -> Iterator[str]:
    """The real application with a fake tagger, on a free port of this machine."""
    settings = Settings(max_body_bytes=64 * 1024)
    app = create_app(functools.partial(cast, Tagger, FakeTagger()), settings, CARDS.get)
    with serving(app) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = os.environ.get("BARCHASB_CHROMIUM", "/usr/bin/chromium")  # noqa: TID251 - a setting of the tests alone
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield started
        started.close()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """The page, freshly opened; it fails the test if it asks elsewhere or errs."""
    context = browser.new_context(viewport={"width": 1100, "height": 900})
    page = context.new_page()
    foreign: list[str] = []
    faults: list[str] = []
    page.on(
        "request",
        lambda asked: (
            foreign.append(asked.url) if not asked.url.startswith(address) else None
        ),
    )
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: (
            faults.append(said.text) if "Content Security Policy" in said.text else None
        ),
    )
    page.goto(address)
    yield page
    context.close()
    assert foreign == []
    assert faults == []
