"""What a supervisor asks: is the process alive, can it tag."""

import msgspec
from flask import Blueprint, Response

from service.web import payloads
from service.web.live import Follower, Live, Refused


class Health(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of the health routes.

    Attributes:
        status: "ok" of a process that lives, "ready" of one that can tag.
        model: The version that tags.
        refused: A version that was promoted and cannot be used, with the reason.
    """

    status: str
    model: str | None = None
    refused: Refused | None = None


def blueprint(live: Live, follower: Follower | None) -> Blueprint:
    """The health routes, speaking for the live tagger."""
    health = Blueprint("health", __name__)

    @health.get("/healthz")
    def alive() -> Response:
        return payloads.answer(Health(status="ok"))

    @health.get("/readyz")
    def ready() -> Response:
        refused = follower.refused if follower else None
        return payloads.answer(Health("ready", live().model.version, refused))

    return health
