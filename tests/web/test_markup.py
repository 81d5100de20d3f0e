import time

import pytest

from service.web.markup import find_markup


@pytest.mark.parametrize(
    ("text", "markup"),
    [
        ("<p>متن</p>", "<p>"),
        ("یک<br>دو<br />سه", "<br>"),
        ('<DIV CLASS="x">متن</DIV>', "<div>"),
        ('<a\nhref="/x">متن</a>', "<a>"),
        ("<!doctype html><html><body>متن</body></html>", "<body>"),
        ("<script>1 < 2 && 3</script>", "<script>"),
        ("می&zwnj;شود و می&zwnj;رود", "&zwnj;"),
        ("&laquo;متن&raquo;", "&raquo;"),
        ("&#1575;&#x641;", "&#x641;"),
        ("&lt;p&gt;", "&gt;"),
    ],
)
def test_html_is_found(text: str, markup: str) -> None:
    assert find_markup(text) == markup


@pytest.mark.parametrize(
    "text",
    [
        "متن «ساده» و <من> و <من>",
        "۵ < ۶ و ۷ > ۶ و ۵ < ۶ و ۷ > ۶",
        "تگ <b> متن را پررنگ می\u200cکند",
        "تگ <b> با تگ <strong> فرق دارد",
        "اگر a<b و c>d و نیز e<b و f>g",
        "<https://example.org/p> و <https://example.org/p>",
        "<desk@example.org> <desk@example.org>",
        "<Vector<T>> و <Vector<T>>",
        "AT&T; و R&D;",
        "نشانی ?a=1&amp;b=2 است",
        "<< متن >> << متن >>",
        "<p",
        "",
    ],
)
def test_other_text_is_not_html(text: str) -> None:
    assert find_markup(text) is None


@pytest.mark.parametrize(
    "hostile",
    ["<", "<!--", "<a ", "</a", "<p x", "&", "&a", "<p" + " " * 3000, "<zz>"],
)
def test_hostile_text_takes_no_longer_than_its_length(hostile: str) -> None:
    text = hostile * (2_000_000 // len(hostile))
    begun = time.process_time()
    assert find_markup(text) is None
    assert time.process_time() - begun < 5.0  # quadratic would be hours
