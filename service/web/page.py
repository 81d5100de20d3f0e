"""The page for people."""

from flask import Blueprint, render_template

from service.tagging.tagger import Tagger
from service.web.card import FindCard


def blueprint(tagger: Tagger, find_card: FindCard) -> Blueprint:
    """The page, showing the topics of this tagger and leading to its model's card."""
    page = Blueprint("page", __name__)

    @page.get("/")
    def show() -> str:
        model = tagger.model
        has_card = find_card(model.version) is not None
        return render_template("page.html", topics=model.topics, has_card=has_card)

    return page
