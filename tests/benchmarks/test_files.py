import json
from pathlib import Path

from benchmarks.files import write_lines
from service.tagging.tagger import Article


def test_articles_come_again_each_with_an_id(tmp_path: Path) -> None:
    path = tmp_path / "lines.jsonl"
    write_lines(path, [Article("", "a\nb"), Article("c", "d")], 3)
    lines = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    assert [(one["id"], one["title"], one["text"]) for one in lines] == [
        (0, "", "a\nb"),
        (1, "c", "d"),
        (2, "", "a\nb"),
    ]
