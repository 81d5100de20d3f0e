"""Tags a feed: python feed.py https://news.example/rss; needs feedparser and httpx."""

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
lines = []
for entry in feedparser.parse(sys.argv[1]).entries:
    text = re.sub(r"<[^>]*>|&\w+;", " ", entry.get("summary", "")).strip()
    article = {"id": entry.link, "title": entry.title, "text": text or entry.title}
    lines.append(json.dumps(article) + "\n")
answer = httpx.post(url, content="".join(lines), headers=headers)
answer.raise_for_status()
for line in map(json.loads, answer.text.splitlines()):
    tags = [topic["id"] for topic in line.get("topics", []) if topic["assigned"]]
    print(line["id"], *tags, sep="\t")
