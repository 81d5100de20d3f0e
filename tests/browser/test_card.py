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
