"""The page for people."""

from flask import Blueprint, render_template

from service.web.card import FindCard
from service.web.live import Live


def blueprint(live: Live, find_card: FindCard) -> Blueprint:
    """The page, showing the topics of the live model and leading to its card."""
    page = Blueprint("page", __name__)

    @page.get("/")
    def show() -> str:
        model = live().model
        has_card = find_card(model.version) is not None
        return render_template("page.html", topics=model.topics, has_card=has_card)

    return page
