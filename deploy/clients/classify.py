"""Tags the articles in files, one article each.

    usage: python classify.py article.txt…

Needs httpx. The service is at BARCHASB_URL; where it asks for a key, that is in
BARCHASB_KEY.
"""

import os
import sys
import time
from pathlib import Path
from typing import Any

import httpx

TRIES = 5


def connect() -> httpx.Client:
    """One client for many articles: it keeps its connection."""
    key = os.environ.get("BARCHASB_KEY")
    return httpx.Client(
        base_url=os.environ.get("BARCHASB_URL", "http://127.0.0.1:8000"),
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=10,
    )


def classify(service: httpx.Client, title: str, text: str) -> dict[str, Any]:
    """The answer for an article; asked for again where the service is full."""
    for _ in range(TRIES):
        answer = service.post("/v1/classify", json={"title": title, "text": text})
        if answer.status_code not in {429, 503}:
            break
        time.sleep(float(answer.headers.get("Retry-After", 1)))
    if answer.is_error:
        problem = answer.json()  # RFC 9457: `detail` says what is wrong, and the cure
        raise RuntimeError(f"{problem['title']}: {problem['detail']}")
    found: dict[str, Any] = answer.json()
    return found


if __name__ == "__main__":
    with connect() as service:
        for name in sys.argv[1:]:
            answer = classify(service, "", Path(name).read_text("utf-8"))
            tags = [topic["id"] for topic in answer["topics"] if topic["assigned"]]
            print(name, *tags, sep="\t")
