"""What an operator asks of a service that runs."""

import msgspec
from flask import Blueprint, Response

from service.web import payloads
from service.web.live import Follower, Live, Refused


class ReloadAnswer(msgspec.Struct, frozen=True, omit_defaults=True):
    """The answer of `POST /v1/model/reload`, for the worker that gives it.

    Attributes:
        model: The version that is live there now.
        refused: The version that was promoted, where it cannot be used.
    """

    model: str
    refused: Refused | None = None


def blueprint(live: Live, follower: Follower | None) -> Blueprint:
    """The routes of an operator; without a follower, the model never changes."""
    admin = Blueprint("admin", __name__, url_prefix="/v1")

    @admin.post("/model/reload")
    def reload() -> Response:
        if follower:
            follower.check()
        refused = follower.refused if follower else None
        return payloads.answer(ReloadAnswer(live().model.version, refused))

    return admin
