from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser

STYLE = Path("training/card/card.css")


def test_small_figures_on_a_shade_are_as_dark_as_the_others(browser: Browser) -> None:
    page = browser.new_page()
    page.set_content(
        f"<style>{STYLE.read_text(encoding='utf-8')}</style>"
        "<table><td class=cell>582<small>637</small></table>"
    )
    ink = page.locator("td").evaluate("cell => getComputedStyle(cell).color")
    expect(page.locator("small")).to_have_css("color", ink)
    page.close()


@pytest.mark.parametrize(
    "part",
    [
        "<dl class=tiles><div><dt>Seeds learned from<dd>13,444</dl>",
        "<section><ul><li>advertisements, transcripts</ul></section>",
        "<section><ol class=words lang=fa><li><bdi>صادرکنندگانی</bdi> "
        "<small>+6.56</small></ol></section>",
    ],
)
def test_nothing_overflows_with_large_letters(browser: Browser, part: str) -> None:
    page = browser.new_page(viewport={"width": 320, "height": 844})
    page.set_content(
        "<!doctype html><meta name=viewport content='width=device-width'>"
        f"<style>{STYLE.read_text(encoding='utf-8')}</style>{part}"
    )
    page.locator("html").evaluate("e => { e.style.fontSize = '200%' }")
    wide = page.evaluate(
        "[...document.querySelectorAll('body, body *')]"
        ".filter((e) => e.scrollWidth > e.clientWidth && e.clientWidth)"
        ".map((e) => e.tagName)"
    )
    assert wide == []
    page.close()
