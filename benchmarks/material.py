"""What everything is measured on: articles, the live model, and peers of its seeds."""

import gzip
import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from benchmarks.straightforward import Straightforward
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger
from training.seeds import SeedSet, read_seeds

_MOST_ARTICLES = 2000


@dataclass(frozen=True)
class Material:
    """What a part of the benchmarks may use.

    Attributes:
        models: The folder of model versions.
        seeds: The folder of seeds.
        articles: Up to 2,000 real ones, or the seeds that are whole articles.
    """

    models: Path
    seeds: Path
    articles: list[Article]

    @cached_property
    def tagger(self) -> Tagger:
        """Tags with the live model."""
        return Tagger(ModelStore(self.models).live())

    @cached_property
    def seed_set(self) -> SeedSet:
        """What every peer is trained on."""
        return read_seeds(self.seeds)

    @cached_property
    def straightforward(self) -> Straightforward:
        """The same idea, wired the obvious way."""
        return Straightforward(self.seed_set)


def gather(models: Path, seeds: Path, articles: Path | None) -> Material:
    """Read the articles, from the seeds where there is no file of them.

    Args:
        models: The folder of model versions.
        seeds: The folder of seeds.
        articles: JSON lines with text and perhaps title, compressed if named `.gz`.
    """
    if articles is None:
        found = [
            Article(seed.title, seed.text)
            for seed in read_seeds(seeds).seeds
            if seed.whole and seed.text
        ]
    else:
        found = read_articles(articles)
    return Material(models.absolute(), seeds.absolute(), found[:_MOST_ARTICLES])


def read_articles(path: Path) -> list[Article]:
    """The articles of a file of JSON lines."""
    content = path.read_bytes()
    if path.suffix == ".gz":
        content = gzip.decompress(content)
    entries = [json.loads(line) for line in content.splitlines()]
    return [Article(one.get("title") or "", one["text"]) for one in entries]
