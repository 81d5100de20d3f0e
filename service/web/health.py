"""What a supervisor asks: is the process alive, can it tag."""

import msgspec
from flask import Blueprint, Response

from service.web import payloads
from service.web.live import Live


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of the health routes."""

    status: str
    model: str | None = None


def blueprint(live: Live) -> Blueprint:
    """The health routes, speaking for the live tagger."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def alive() -> Response:
        return payloads.answer(Health(status="ok"))

    @health.get("/readyz")
    def ready() -> Response:
        return payloads.answer(Health(status="ready", model=live().model.version))

    return health
