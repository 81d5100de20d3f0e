"""What the seeds hold: counts by topic and by spelling form."""

import re
from collections import Counter

from training.seeds import Seed, SeedSet

SORTS = ("articles", "passages", "counted")
FORMS = ("non-joiner", "joined", "spaced", "Arabic letters", "no sign")
_NONE = "(none)"
_SPACED = re.compile(r"(?<!\S)ن?می \S|\S (?:ها|های|هایی|ترین)(?!\S)")
_JOINED = re.compile(r"(?<!\S)ن?می(?:شو|کن|ده|توان|گو|خواه|رس|آی|رو|گیر)|\S{2}ها[یش]?")


def sort_of(seed: Seed) -> str:
    """Which of the SORTS a seed is."""
    if seed.counted:
        return "counted"
    return "articles" if seed.whole else "passages"


def spelling_form(text: str) -> str:
    """Which of the FORMS a text was typed in, judged by its first telling sign."""
    if "\u200c" in text:
        return "non-joiner"
    if re.search("[\u064a\u0643]", text):
        return "Arabic letters"
    if _SPACED.search(text):
        return "spaced"
    return "joined" if _JOINED.search(text) else "no sign"


def describe(seed_set: SeedSet) -> str:
    """A table of how many seeds there are of each topic, form and kind."""
    rows: dict[str, Counter[str]] = {}
    for seed in seed_set.seeds:
        for topic in sorted(seed.topics) or [_NONE]:
            row = rows.setdefault(topic, Counter())
            row.update([sort_of(seed), *_form(seed)])
    order = [*(topic.id for topic in seed_set.topics), _NONE]
    columns = SORTS + FORMS
    lines = [f"{len(seed_set.seeds)} seeds, digest {seed_set.digest}"]
    lines.append(f"{'':20}" + "".join(f"{column:>16}" for column in columns))
    for topic in order:
        counts = rows.get(topic, Counter())
        lines.append(
            f"{topic:20}" + "".join(f"{counts[column]:16}" for column in columns)
        )
    return "\n".join(lines)


def _form(seed: Seed) -> list[str]:
    return [spelling_form(seed.text)] if seed.text else []
