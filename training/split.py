"""Held-out seeds that tell how new text fares: those unlike what was learned."""

from service.tagging.kernel import Reading
from training.audit.similar import NEARLY_THE_SAME, similar_pairs
from training.corpus import build_corpus, is_held_out
from training.seeds import Seed, SeedSet


def unlike_learned(seed_set: SeedSet, reading: Reading) -> list[Seed]:
    """The held-out seeds, without those that are nearly the same as a learned one."""
    seeds = tuple(seed for seed in seed_set.seeds if seed.text)
    held_out = [is_held_out(seed) for seed in seeds]
    if not any(held_out):
        return []
    corpus = build_corpus(seed_set, seeds, reading)
    known = {
        first if held_out[first] else second
        for first, second, likeness in similar_pairs(seeds, corpus)
        if likeness >= NEARLY_THE_SAME and held_out[first] != held_out[second]
    }
    return [
        seed
        for place, seed in enumerate(seeds)
        if held_out[place] and place not in known
    ]
