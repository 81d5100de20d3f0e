"""The API for programs, under /v1."""

from flask import Blueprint, Response

from service.web import bodies, decoding, payloads
from service.web.live import Live


def blueprint(live: Live) -> Blueprint:
    """The routes of the API, answered by the live tagger."""
    api = Blueprint("api", __name__, url_prefix="/v1")

    @api.post("/classify")
    def classify() -> Response:
        tagger = live()
        topic_ids = tuple(topic.id for topic in tagger.model.topics)
        asked = decoding.decode_classify(bodies.read_json(), topic_ids)
        (tagged,) = tagger.tag([asked.article], asked.wish)
        return payloads.answer(
            payloads.ClassifyAnswer.of(
                tagged, model=tagger.model.version, explain=asked.explain
            )
        )

    @api.get("/topics")
    def topics() -> Response:
        return payloads.answer(payloads.TopicsAnswer.of(live().model))

    @api.get("/model")
    def model() -> Response:
        return payloads.answer(payloads.ModelAnswer.of(live().model))

    return api
