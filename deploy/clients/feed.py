"""Tags a feed: python feed.py https://news.example/rss; needs feedparser and httpx."""

import html
import json
import os
import re
import sys

import feedparser
import httpx

url = os.environ.get("BARCHASB_URL", "http://127.0.0.1:8000") + "/v1/classify/stream"
headers = {"Content-Type": "application/x-ndjson"}
if key := os.environ.get("BARCHASB_KEY"):
    headers["Authorization"] = f"Bearer {key}"


def plain(markup: str) -> str:
    """The text of HTML, as a reader sees it."""
    return html.unescape(re.sub(r"<[^>]*>", " ", markup)).strip()


lines = []
for entry in feedparser.parse(sys.argv[1]).entries:
    title, text = plain(entry.get("title", "")), plain(entry.get("summary", ""))
    article = {"id": entry.get("link"), "title": title, "text": text or title}
    lines.append(json.dumps(article) + "\n")
answer = httpx.post(url, content="".join(lines), headers=headers)
answer.raise_for_status()
for line in map(json.loads, answer.text.splitlines()):
    if "problem" in line:
        print(line["id"], line["problem"]["detail"], sep="\t", file=sys.stderr)
        continue
    tags = [topic["id"] for topic in line.get("topics", []) if topic["assigned"]]
    print(line["id"], *tags, sep="\t")
