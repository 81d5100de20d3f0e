import gzip
import json
from pathlib import Path

from benchmarks.material import gather
from service.tagging.tagger import Article

SEEDS = Path(__file__).parents[1] / "seeds"
LINES = [{"title": "تیتر", "text": "متن"}, {"title": None, "text": "متن\u2028بی تیتر"}]


def test_articles_are_read_from_json_lines(tmp_path: Path) -> None:
    content = "".join(f"{json.dumps(one, ensure_ascii=False)}\n" for one in LINES)
    plain, packed = tmp_path / "articles.jsonl", tmp_path / "articles.jsonl.gz"
    plain.write_text(content, "utf-8")
    packed.write_bytes(gzip.compress(content.encode()))
    articles = [Article("تیتر", "متن"), Article("", "متن\u2028بی تیتر")]
    for path in (plain, packed):
        assert gather(tmp_path, SEEDS, path).articles == articles


def test_without_a_file_the_seeds_that_are_articles_are_taken(tmp_path: Path) -> None:
    articles = gather(tmp_path, SEEDS, None).articles
    assert len(articles) == len([*SEEDS.glob("articles/*.md")])
    assert all(article.title for article in articles)
