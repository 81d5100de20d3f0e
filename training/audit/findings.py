"""Findings, and the explanations that an editor has written for some of them."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from training.seed_files import SeedError, read_text, read_toml
from training.seeds import Seed, SeedSet

AUDITED = "audited.toml"
# What a finding is about. Its key begins with it.
THIN = "thin"
FORM = "form"
WORD = "word"
DUPLICATE = "duplicate"
CONTRADICTION = "contradiction"
TOPIC = "topic"
GIVEN, MISSING = "given", "missing"

_MEANING = {
    THIN: "topics with too few seeds",
    FORM: "spelling forms out of balance",
    WORD: "frequent words that no seed holds",
    DUPLICATE: "near-duplicates",
    CONTRADICTION: "near-duplicates with different topics",
    TOPIC: "topics that models of the other seeds doubt",
}
_EXCERPT = 160  # letters


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the seeds that an editor should look at.

    Attributes:
        key: Kind and what it is about, seeds by their digests; stays the same as
            long as those seeds do.
        text: For reading; may be several lines.
    """

    key: str
    text: str


def short_digest(seed: Seed) -> str:
    """A seed's digest as findings write it."""
    return f"{seed.digest:012x}"


def topic_key(digest: str, topic: str, *, given: bool) -> str:
    """The key of a doubt whether a seed carries a topic."""
    return f"{TOPIC} {digest} {topic} {GIVEN if given else MISSING}"


def excerpt(seed: Seed) -> str:
    """The beginning of a seed; counted seeds have none."""
    content = " ".join(f"{seed.title} {seed.text}".split())
    return content if len(content) <= _EXCERPT else f"{content[:_EXCERPT]}…"


def read_explained(folder: Path) -> dict[str, str]:
    """The reason for each finding that was looked at and found right, by its key.

    Raises:
        SeedError: The file is not TOML, or a reason is missing.
    """
    path = folder / AUDITED
    if not path.exists():
        return {}
    content = read_text(path)
    explained = read_toml(path, content)
    for key, reason in explained.items():
        if not isinstance(reason, str) or not reason.strip():
            found = content.find(key)
            line = content.count("\n", 0, max(found, 0)) + 1
            raise SeedError(
                path, line, f"{key!r} has no reason", "write it in a string"
            )
    return explained


def unexplained(
    findings: Iterable[Finding], explained: dict[str, str]
) -> list[Finding]:
    """The findings that nobody has explained."""
    return [finding for finding in findings if finding.key not in explained]


def stale(
    explained: Iterable[str], findings: Iterable[Finding], seed_set: SeedSet
) -> list[str]:
    """Explanations that speak of nothing any more.

    What an editor said of a seed holds as long as the seed and its topics do: models
    change, and a doubt that is gone today may be back tomorrow.
    """
    found = {finding.key for finding in findings}
    digests = {short_digest(seed): seed for seed in seed_set.seeds}
    return [
        key for key in explained if key not in found and not _still_speaks(key, digests)
    ]


def _still_speaks(key: str, seeds: dict[str, Seed]) -> bool:
    match key.split():
        case [kind, digest, topic, verdict] if kind == TOPIC and digest in seeds:
            return (topic in seeds[digest].topics) == (verdict == GIVEN)
        case [kind, first, second, *_] if kind in (DUPLICATE, CONTRADICTION):
            return first in seeds and second in seeds
    return False


def report(
    shown: Sequence[Finding], n_found: int, gone: Sequence[str], folder: Path
) -> str:
    """What there is to look at, for a terminal.

    Args:
        shown: The unexplained findings.
        n_found: How many findings there are, explained ones too.
        gone: Stale explanations.
        folder: The seeds'.
    """
    counts = Counter(finding.key.split()[0] for finding in shown)
    lines = [f"\n{n_found} findings, {n_found - len(shown)} of them explained"]
    for kind, meaning in _MEANING.items():
        if counts[kind]:
            lines += [f"\n{meaning} ({counts[kind]})"]
            lines += [
                f"  {finding.key}\n    {finding.text}"
                for finding in shown
                if finding.key.split()[0] == kind
            ]
    if gone:
        lines += [f"\n{folder / AUDITED}: these speak of nothing any more; remove them"]
        lines += [f"  {key}" for key in gone]
    if shown:
        lines += [
            "\nCorrect the seeds or, where they are right, say why in "
            f'{folder / AUDITED}: "key" = "reason".'
        ]
    return "\n".join(lines)
