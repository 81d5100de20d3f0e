"""The speed peer: the same idea wired the obvious way, hazm and scikit-learn."""

import pickle
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from flask import Flask, Response, jsonify, request
from hazm import Normalizer, WordTokenizer
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import make_pipeline

from service.tagging.tagger import Article
from training.seeds import SeedSet

_C = 20.0
_THRESHOLD = 0.5


class Straightforward:
    """Tags one article at a time, as a service would call it."""

    def __init__(self, seed_set: SeedSet) -> None:
        self._normalizer = Normalizer()
        self._tokenizer = WordTokenizer()
        self.topics = [topic.id for topic in seed_set.topics]
        seeds = [seed for seed in seed_set.seeds if seed.text]
        carried = [[topic in seed.topics for topic in self.topics] for seed in seeds]
        self._pipeline = make_pipeline(
            TfidfVectorizer(analyzer=self._words, sublinear_tf=True),
            OneVsRestClassifier(
                LogisticRegression(C=_C, class_weight="balanced", max_iter=2000)
            ),
        )
        texts = [f"{seed.title}\n{seed.text}" for seed in seeds]
        self._pipeline.fit(texts, np.array(carried, int))

    def tag(self, article: Article) -> list[tuple[str, float]]:
        """The score of every topic."""
        text = f"{article.title}\n{article.text}"
        scores: Sequence[float] = self._pipeline.predict_proba([text])[0]
        return list(zip(self.topics, scores, strict=True))

    def _words(self, text: str) -> list[str]:
        return list(self._tokenizer.tokenize(self._normalizer.normalize(text)))


def create_app(path: str | Path) -> Flask:
    """The peer behind Flask, as one would write it in an afternoon.

    Args:
        path: A pickled `Straightforward`.
    """
    peer: Straightforward = pickle.loads(Path(path).read_bytes())  # noqa: S301 - ours
    app = Flask(__name__)

    @app.post("/")
    def classify() -> Response:
        asked = request.get_json()
        scored = peer.tag(Article(asked.get("title") or "", asked["text"]))
        topics = [
            {"id": topic, "score": float(score), "assigned": bool(score >= _THRESHOLD)}
            for topic, score in scored
        ]
        return jsonify({"topics": topics})

    return app
