"""The API for programs, under /v1."""

from flask import Blueprint, Response

from service.tagging.tagger import Tagger
from service.web import bodies, decoding, payloads


def blueprint(tagger: Tagger) -> Blueprint:
    """The routes of the API, answered by this tagger."""
    api = Blueprint("api", __name__, url_prefix="/v1")
    topic_ids = tuple(topic.id for topic in tagger.model.topics)

    @api.post("/classify")
    def classify() -> Response:
        asked = decoding.decode_classify(bodies.read_json(), topic_ids)
        (tagged,) = tagger.tag([asked.article], asked.wish)
        return payloads.answer(
            payloads.ClassifyAnswer.of(
                tagged, model=tagger.model.version, explain=asked.explain
            )
        )

    @api.get("/topics")
    def topics() -> Response:
        return payloads.answer(payloads.TopicsAnswer.of(tagger.model))

    @api.get("/model")
    def model() -> Response:
        return payloads.answer(payloads.ModelAnswer.of(tagger.model))

    return api
