"""The short form of `python -m benchmarks.archive`."""

from pathlib import Path

import pytest

from benchmarks import archive, vary
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article

ARTICLES = [
    Article("تیتر ۱", "یک خبر. خبری دیگر؟ و پایان."),
    Article("دیگر", "۲ سطر\nدارد"),
]


def test_varied_articles_are_the_same_every_time_and_not_the_same_as_each_other() -> (
    None
):
    found = list(vary.varied(ARTICLES, 50, seed=1))
    assert found == list(vary.varied(ARTICLES, 50, seed=1))
    assert len(set(found)) > 10
    assert {article.title for article in found} == {"تیتر ۱", "دیگر"}


@pytest.mark.slow
def test_a_run_is_measured(tmp_path: Path, store: ModelStore) -> None:
    vary.make(ARTICLES, tmp_path / "in", 30)
    found = archive.run(tmp_path / "in", tmp_path / "out", store.root, 1)
    assert found.articles == len(archive.tags_of(tmp_path / "out")) == 30
    assert 0 < found.seconds < found.whole
    assert found.processor > 0
    assert max(found.memory) > 1 << 20
