"""What a supervisor asks: is the process alive, can it tag."""

import msgspec
from flask import Blueprint, Response

from service.tagging.tagger import Tagger
from service.web import payloads


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of the health routes."""

    status: str
    model: str | None = None


def blueprint(tagger: Tagger) -> Blueprint:
    """The health routes, speaking for this tagger."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def alive() -> Response:
        return payloads.answer(Health(status="ok"))

    @health.get("/readyz")
    def ready() -> Response:
        return payloads.answer(Health(status="ready", model=tagger.model.version))

    return health
