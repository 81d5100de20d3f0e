"""The model's card: one page of figures and pictures that training wrote of it."""

from collections.abc import Callable

from flask import Blueprint, Response
from werkzeug.exceptions import NotFound

from service.web import payloads
from service.web.live import Live

type FindCard = Callable[[str], bytes | None]
"""Gives the HTML of a version's card, None where it has none."""

# The card stands alone: its style is in it, and so are its pictures. It runs nothing.
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"


class CardMissing(NotFound):
    """The model that is served has no card."""


def no_card(_version: str) -> None:
    """Finds no card for any version."""


def blueprint(live: Live, find_card: FindCard) -> Blueprint:
    """The card of the live model."""
    card = Blueprint("card", __name__)

    @card.get("/v1/model/card")
    def show() -> Response:
        content = find_card(live().model.version)
        if content is None:
            raise CardMissing("The model has no card; `make train` writes one.")
        response = Response(content, content_type="text/html; charset=utf-8")
        response.headers["Content-Security-Policy"] = _POLICY
        return payloads.unless_known(response)

    return card
