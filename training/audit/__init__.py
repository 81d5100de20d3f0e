"""The audit of the seeds: what an editor should look at before they are learned from.

Seeds ──build_corpus──▶ Corpus ──doubtful, similar, coverage──▶ Findings
Findings - audited.toml ──report──▶ what is printed, and the exit code
"""

from pathlib import Path

from training.audit import coverage, doubtful, similar
from training.audit.findings import Finding
from training.compounds import reading_of
from training.corpus import build_corpus
from training.seeds import SeedSet

BACKGROUND = "background.tsv"


def audit(seed_set: SeedSet, folder: Path) -> list[Finding]:
    """Everything about the seeds that should be looked at, sorted by kind.

    Args:
        seed_set: The seeds, held-out ones too.
        folder: Theirs; `background.tsv` is read from it where it is there.
    """
    corpus = build_corpus(seed_set, seed_set.seeds, reading_of(seed_set))
    return [
        *coverage.thin_topics(seed_set),
        *coverage.unbalanced_forms(seed_set),
        *coverage.unheld_words(corpus.words, folder / BACKGROUND),
        *similar.similar_seeds(seed_set, corpus),
        *doubtful.doubtful_topics(seed_set, corpus),
    ]
