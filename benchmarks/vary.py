"""`python -m benchmarks.vary`: an archive of any size, made of a few real articles.

Copies alone would flatter: caches know them, and compression makes them vanish. So each
article is put together anew, sentences of one article with some of another's between
them and other digits in them. The same seed gives the same archive.
"""

import argparse
import math
import random
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.material import read_articles
from service.archive.batch import ARTICLES
from service.tagging.tagger import Article

FILE_ROWS = 100_000
_SENTENCE = re.compile(r"[^.!?\u061f\n]*[.!?\u061f\n]+|[^.!?\u061f\n]+")
_DIGIT = re.compile(r"[0-9\u06f0-\u06f9]")
_BORROWED = 0.3  # of an article's sentences
_GROUP_ROWS = 10_000


def varied(articles: list[Article], number: int, seed: int = 0) -> Iterator[Article]:
    """As many articles as asked for, of about the length of those given."""
    chance = random.Random(seed)  # noqa: S311 - no secret
    split = [_SENTENCE.findall(article.text) for article in articles]
    for _ in range(number):
        place = chance.randrange(len(articles))
        sentences, others = split[place], chance.choice(split)
        digit = str(chance.randrange(10))
        text = "".join(
            chance.choice(others) if chance.random() < _BORROWED and others else one
            for one in sentences
        )
        yield Article(articles[place].title, _DIGIT.sub(digit, text))


def make(articles: list[Article], folder: Path, number: int) -> None:
    """Write a folder of Parquet files, a file beside each one until it is whole."""
    folder.mkdir(parents=True, exist_ok=True)
    for file in range(math.ceil(number / FILE_ROWS)):
        path = folder / f"{file:04}.parquet"
        if not path.exists():
            first = file * FILE_ROWS
            some = varied(articles, min(FILE_ROWS, number - first), seed=file)
            beside = folder / f".{file:04}"
            _write(some, beside, first)
            beside.rename(path)


def _write(articles: Iterator[Article], path: Path, first: int) -> None:
    rows = []
    with pq.ParquetWriter(path, ARTICLES, compression="zstd") as writer:
        for number, article in enumerate(articles, first):
            rows.append((str(number), article.title, article.text))
            if len(rows) == _GROUP_ROWS:
                writer.write_batch(_batch(rows))
                rows.clear()
        if rows:
            writer.write_batch(_batch(rows))


def _batch(rows: list[tuple[str, str, str]]) -> pa.RecordBatch:
    columns = [pa.array(column) for column in zip(*rows, strict=True)]
    return pa.record_batch(columns, schema=ARTICLES)


def main(arguments: list[str] | None = None) -> int:
    """Write an archive; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.vary", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("real", type=Path, help="JSON lines, perhaps .gz")
    parser.add_argument("folder", type=Path, help="of Parquet files")
    parser.add_argument("--articles", type=int, default=20_000)
    options = parser.parse_args(arguments)
    make(read_articles(options.real), options.folder, options.articles)
    return 0


if __name__ == "__main__":
    sys.exit(main())
