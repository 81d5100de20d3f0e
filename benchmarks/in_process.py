"""Times the public call, text in, complete result out, and what it stands beside."""

from collections.abc import Callable, Sequence

from benchmarks.fasttext_peer import FastText
from benchmarks.figures import Figure, Measured
from benchmarks.material import Material
from benchmarks.speed import best_of, floor
from service.tagging.tagger import Article

_OURS, _FLOOR = "Barchasb", "the floor"
_FAST_TEXT, _STRAIGHTFORWARD = "fastText", "hazm and scikit-learn"


def measure(material: Material) -> Measured:
    """An article at a time, in one thread, beside peers and the floor."""
    articles, tagger = material.articles, material.tagger
    contenders: dict[str, Callable[[Article], object]] = {
        _OURS: lambda article: next(tagger.tag([article])),
        _FLOOR: floor(tagger, articles),
        _FAST_TEXT: FastText(material.seed_set).tag,
        _STRAIGHTFORWARD: material.straightforward.tag,
    }
    seconds = best_of(
        {name: _each(call, articles) for name, call in contenders.items()}
    )
    ours = seconds[_OURS]
    microseconds = {name: one / len(articles) * 1e6 for name, one in seconds.items()}
    return Measured(
        [
            Figure(
                f"{_STRAIGHTFORWARD} over {_OURS}",
                seconds[_STRAIGHTFORWARD] / ours,
                least=100,
            ),
            Figure(f"{_FAST_TEXT} over {_OURS}", seconds[_FAST_TEXT] / ours, least=2),
            Figure(f"{_OURS} over {_FLOOR}", ours / seconds[_FLOOR], most=10),
            *(
                Figure(f"{name}, an article", one, "µs")
                for name, one in microseconds.items()
            ),
        ],
        bars=microseconds,
    )


def _each(
    call: Callable[[Article], object], articles: Sequence[Article]
) -> Callable[[], None]:
    def call_each() -> None:
        for article in articles:
            call(article)

    return call_each
