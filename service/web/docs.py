"""What the API says of itself: to programs in OpenAPI, to people as a page."""

import json

from flask import Blueprint, Response, render_template

from service.tagging.tagger import Tagger
from service.web import openapi, payloads
from service.web.live import Live
from service.web.openapi import Json
from service.web.settings import Settings


def blueprint(live: Live, settings: Settings) -> Blueprint:
    """The description of the API, with the live model's topics and answers."""
    docs = Blueprint("docs", __name__)
    docs.add_app_template_filter(_in_lines, "in_lines")
    described: dict[str, Json] = {}

    def describe(tagger: Tagger) -> Json:
        """Describe a version once; only the last one is kept."""
        version = tagger.model.version
        document = described.get(version)
        if document is None:
            document = openapi.describe(tagger, settings)
            described.clear()
            described[version] = document
        return document

    @docs.get("/openapi.json")
    def document() -> Response:
        return payloads.answer_unless_known(describe(live()))

    @docs.get("/docs")
    def show() -> str:
        return render_template("docs.html", document=describe(live()))

    return docs


def _in_lines(example: object) -> str:
    return json.dumps(example, ensure_ascii=False, indent=2)
