"""Whether a text is HTML, which is refused: its words are not all the reader's.

A regular expression rather than `html.parser`, which takes minutes for a hostile text
of a few hundred kilobytes (comments opened and never closed).
"""

import re
from html.entities import html5

_NAMES = (
    # what holds a page together,
    "html head body title meta link script style noscript iframe template form svg "
    # blocks,
    "address article aside blockquote br caption dd details div dl dt figcaption "
    "figure footer h1 h2 h3 h4 h5 h6 header hr li main nav ol p pre section summary "
    "table tbody td tfoot th thead tr ul "
    # and what stands inside a line.
    "a b big button center cite code em font i img input label mark picture q s small "
    "source span strike strong sub sup time u video"
)
_ELEMENTS = frozenset(_NAMES.split())
# No "<" inside a tag: the search is linear in the text, and `a<b` is only a comparison.
_MARKUP = re.compile(
    r"</?([a-z][a-z0-9]*)(?:\s*/?|\s+[a-z@:][^<>]*)>"  # a tag
    r"|&(#[0-9]{1,7}|#x[0-9a-f]{1,6}|[a-z][a-z0-9]{1,31});",  # a character reference
    re.IGNORECASE,
)


def find_markup(text: str) -> str | None:
    """The HTML that a text is written in.

    A text is HTML where one of HTML's elements is tagged twice in it, as in `<p>…</p>`
    or `…<br>…<br>`, or where it has two character references, such as `&nbsp;`. One tag
    or one reference alone may be what the text is about, and `<` alone is nothing.

    Returns:
        The first of them that is a second one, without its attributes, or None.
    """
    if "<" not in text and "&" not in text:
        return None
    met: set[str] = set()
    for found in _MARKUP.finditer(text):
        element, reference = found.groups()
        kind = f"<{element.lower()}>" if element else "&"
        if not _is_known(element, reference):
            continue
        if kind in met:
            return kind if element else f"&{reference};"
        met.add(kind)
    return None


def _is_known(element: str | None, reference: str | None) -> bool:
    """Whether HTML has such an element, or such a character reference."""
    if element:
        return element.lower() in _ELEMENTS
    return f"{reference};" in html5 or str(reference).startswith("#")
