"""The page of a service that asks for keys."""

from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest
from playwright.sync_api import Browser, Page, expect

from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.keys import KeyFile
from service.web.settings import Settings
from tests.web.fake_tagger import FakeTagger
from tests.web.serving import serving

pytestmark = pytest.mark.browser


@pytest.fixture
def keys(tmp_path: Path) -> KeyFile:
    return KeyFile(tmp_path / "keys.json")


@pytest.fixture
def shown(keys: KeyFile) -> str:
    return keys.make("desk", ("tag",))


@pytest.fixture
def page(browser: Browser, tmp_path: Path, shown: str) -> Iterator[Page]:
    assert shown
    tagger = cast(Tagger, FakeTagger())
    app = create_app(lambda: tagger, Settings(keys=tmp_path / "keys.json"))
    with serving(app) as address, browser.new_context() as context:
        page = context.new_page()
        page.goto(address)
        yield page


def test_key_is_asked_for_and_kept_for_the_session(page: Page, shown: str) -> None:
    expect(page.locator("#key")).to_be_hidden()
    page.locator("#sample").click()
    expect(page.locator("#problem")).to_contain_text("در بالای این پیام")
    expect(page.locator("#key")).to_be_focused()
    field, told = (page.locator(one).bounding_box() for one in ("#key", "#problem"))
    assert field
    assert told
    assert field["y"] + field["height"] <= told["y"]
    page.locator("#key").fill(shown)
    page.locator("#key").press("Enter")
    expect(page.locator("#reading")).to_be_visible()
    assert page.evaluate("sessionStorage.key(0)") == "key"
    assert page.evaluate("localStorage.length") == 0
    page.reload()
    page.locator("#sample").click()
    expect(page.locator("#reading")).to_be_visible()


def test_key_is_taken_without_the_invisible_marks_around_it(
    page: Page, shown: str
) -> None:
    page.locator("#sample").click()
    page.locator("#key").fill(f"\u200f{shown}\u200e")  # as it comes out of a message
    page.locator("#tag").click()
    expect(page.locator("#reading")).to_be_visible()


def test_key_that_opens_nothing_is_forgotten(page: Page) -> None:
    page.locator("#sample").click()
    page.locator("#key").fill("barchasb_x")
    page.locator("#tag").click()
    expect(page.locator("#problem")).to_contain_text("پذیرفته نشد")
    expect(page.locator("#key")).to_be_empty()
    assert page.evaluate("sessionStorage.length") == 0


def test_key_without_the_scope_is_told_apart_and_another_taken(
    page: Page, keys: KeyFile, shown: str
) -> None:
    other = keys.make("prometheus", ("admin",))
    page.locator("#sample").click()
    page.wait_for_timeout(1000)  # the file is looked at once a second
    page.locator("#key").fill(other)
    page.locator("#tag").click()
    expect(page.locator("#problem")).to_contain_text("اجازه")
    assert page.evaluate("sessionStorage.length") == 0
    expect(page.locator("#key")).to_be_focused()
    page.locator("#key").fill(shown)
    page.locator("#key").press("Enter")
    expect(page.locator("#reading")).to_be_visible()


def test_refusal_by_a_proxy_is_not_laid_on_a_key(page: Page) -> None:
    page.route("**/v1/classify", lambda route: route.fulfill(status=403, body="no"))
    page.locator("#sample").click()
    expect(page.locator("#problem")).to_contain_text("پاسخ دهد (۴۰۳)")
    expect(page.locator("#key")).to_be_hidden()
