"""What the seeds are: how many, of which sort, kind and spelling."""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from training.corpus import is_held_out
from training.inspect_seeds import FORMS, SORTS, sort_of, spelling_form
from training.seeds import Seed, SeedSet

_KIND_ONE_IN = 50  # a kind of fewer passages is not named
_KIND = re.compile(r"[^:,]+")  # "hard negative" of "hard negative: oil painting"
NO_TOPIC = ""
_Property = tuple[str, str]  # what of it is counted, and which value it has


@dataclass(frozen=True, slots=True)
class SeedCounts:
    """How many seeds carry one topic, or none.

    Attributes:
        topic: Its id, empty for seeds without any topic.
        seeds: All of them.
        borderline: Counted seeds that only name it.
        held_out: How many are kept from training.
        sorts: By what they are.
        forms: Those with a text, by how it was typed.
        kinds: Passages, by what they are an example of.
    """

    topic: str
    seeds: int
    borderline: int
    held_out: int
    sorts: dict[str, int]
    forms: dict[str, int]
    kinds: dict[str, int]


def count_seeds(seed_set: SeedSet) -> list[SeedCounts]:
    """Count seeds by topic, in the order of the taxonomy, those without one last."""
    rows = {topic.id: Counter[_Property]() for topic in seed_set.topics}
    rows[NO_TOPIC] = Counter()
    passages: Counter[str] = Counter()
    for seed in seed_set.seeds:
        properties = list(_properties(seed))
        passages.update(kind for of, kind in properties if of == "kind")
        for topic in seed.topics or [NO_TOPIC]:
            rows[topic].update(properties)
        for topic in seed.borderline:
            rows[topic]["borderline", ""] += 1
    kinds = [
        kind
        for kind, times in passages.most_common()
        if times * _KIND_ONE_IN >= passages.total()
    ]
    return [
        SeedCounts(
            topic=topic,
            seeds=counts["seed", ""],
            borderline=counts["borderline", ""],
            held_out=counts["held out", ""],
            sorts={sort: counts["sort", sort] for sort in SORTS},
            forms={form: counts["form", form] for form in FORMS},
            kinds={kind: counts["kind", kind] for kind in kinds},
        )
        for topic, counts in rows.items()
    ]


def _properties(seed: Seed) -> Iterator[_Property]:
    yield "seed", ""
    sort = sort_of(seed)
    yield "sort", sort
    if sort == "passages":
        yield "kind", _kind(seed)
    if seed.text:
        yield "form", spelling_form(seed.text)
    if is_held_out(seed):
        yield "held out", ""


def _kind(seed: Seed) -> str:
    found = _KIND.match(seed.kind)
    return found[0].strip() if found else seed.kind
