"""The speed peer that is compiled: fastText, with word bigrams, one against all."""

import tempfile
from pathlib import Path

import fasttext  # type: ignore[import-not-found]  # in the benchmarks' environment only

from service.tagging.tagger import Article
from training.seeds import Seed, SeedSet

_PREFIX = "__label__"
_NONE = "none"  # fastText skips a line that names nothing


class FastText:
    """Tags one article at a time, at fastText's own defaults for the rest."""

    def __init__(self, seed_set: SeedSet) -> None:
        lines = [_line(seed) for seed in seed_set.seeds if seed.text]
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "seeds.txt"
            path.write_text("".join(f"{line}\n" for line in lines), "utf-8")
            self._model = fasttext.train_supervised(
                str(path), wordNgrams=2, loss="ova", verbose=0
            )

    def tag(self, article: Article) -> list[tuple[str, float]]:
        """The score of every topic."""
        names, scores = self._model.predict(_one_line(article.title, article.text), -1)
        return list(zip(names, scores, strict=True))


def _line(seed: Seed) -> str:
    names = sorted(seed.topics) or [_NONE]
    marks = " ".join(f"{_PREFIX}{name}" for name in names)
    return f"{marks} {_one_line(seed.title, seed.text)}"


def _one_line(title: str, text: str) -> str:
    """A title and a text without line ends, which fastText takes for the text's."""
    return f"{title} {text}".replace("\n", " ")
