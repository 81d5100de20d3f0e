"""The application, put together."""

from flask import Flask, request
from werkzeug.exceptions import NotFound

from service.web import (
    access,
    admin,
    api,
    card,
    cors,
    docs,
    errors,
    health,
    metrics,
    observing,
    page,
)
from service.web.live import EXTENSION, Follower, Live
from service.web.settings import Settings


def create_app(
    live: Live,
    settings: Settings,
    find_card: card.FindCard = card.no_card,
    follower: Follower | None = None,
) -> Flask:
    """The WSGI application that answers with the live tagger.

    Args:
        live: Gives what tags.
        settings: The operator's.
        find_card: Gives a version's model card.
        follower: What has `live` follow the pointer, if anything has.
    """
    app = Flask(__name__)
    # A path with a doubled slash is unknown, not a redirection.
    app.url_map.merge_slashes = False
    app.before_request(_refuse_doubled_slash)
    app.register_blueprint(api.blueprint(live, settings))
    app.register_blueprint(card.blueprint(live, find_card))
    app.register_blueprint(health.blueprint(live, follower))
    app.register_blueprint(admin.blueprint(live, follower))
    app.extensions[EXTENSION] = follower
    app.register_blueprint(page.blueprint(live, find_card))
    app.register_blueprint(docs.blueprint(live, settings))
    counts = metrics.Metrics(live)
    app.register_blueprint(metrics.blueprint(counts))
    errors.register(app)
    observing.register(app, counts)
    access.register(app, settings)
    if settings.cors_origins != "none":
        app.after_request(cors.allow(settings.cors_origins))
    return app


def _refuse_doubled_slash() -> None:
    """Werkzeug takes slashes off a path's front before it looks for a route."""
    if request.environ["PATH_INFO"].startswith("//"):
        raise NotFound
