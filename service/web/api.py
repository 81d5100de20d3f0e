"""The API for programs, under /v1."""

import itertools

from flask import Blueprint, Response, request, stream_with_context

from service.web import bodies, decoding, observing, payloads, stream
from service.web.answering import Answering, classified
from service.web.live import Live
from service.web.settings import Settings


def blueprint(live: Live, settings: Settings) -> Blueprint:
    """The routes of the API, answered by the live tagger."""
    api = Blueprint("api", __name__, url_prefix="/v1")

    @api.post("/classify")
    def classify() -> Response:
        tagger, exchange = live(), observing.current()
        exchange.turn_to("decode")
        body = read_body(settings.max_body_bytes)
        asked = decoding.decode_classify(body, tagger.model.topic_ids)
        response = payloads.answer(classified(tagger, exchange, asked))
        exchange.turn_to(None)
        return response

    @api.post("/classify/batch")
    def classify_batch() -> Response:
        tagger, exchange = live(), observing.current()
        exchange.turn_to("decode")
        asked = decoding.decode_batch(
            read_body(settings.max_batch_bytes, unpack=True),
            tagger.model.topic_ids,
            settings.max_batch_articles,
        )
        answering = Answering(tagger, exchange)
        articles = [answering.article(one, asked) for one in asked.articles]
        exchange.turn_to("encode")
        response = payloads.answer(payloads.BatchAnswer(answering.model, articles))
        exchange.turn_to(None)
        return response

    @api.post("/classify/stream")
    def classify_stream() -> Response:
        tagger, exchange = live(), observing.current()
        options = decoding.decode_query(request.args, tagger.model.topic_ids)
        answers = stream.answer_lines(
            bodies.arriving_lines(),
            Answering(tagger, exchange),
            options,
            settings.max_body_bytes,
        )
        # What is wrong with the body as a whole can still be told by the status.
        first = next(answers, b"")
        return Response(
            stream_with_context(itertools.chain([first], answers)),
            content_type=bodies.JSON_LINES,
        )

    @api.get("/topics")
    def topics() -> Response:
        return payloads.answer_unless_known(payloads.TopicsAnswer.of(live().model))

    @api.get("/model")
    def model() -> Response:
        return payloads.answer_unless_known(payloads.ModelAnswer.of(live().model))

    return api


def read_body(most: int, *, unpack: bool = False) -> bytes:
    """The body of a request whose options are in it, and not in a query."""
    if request.query_string:  # to take a query apart costs more than this
        decoding.refuse_query(request.args)
    return bodies.read_json(most, unpack=unpack)
