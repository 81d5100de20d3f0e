"""The application, put together."""

from flask import Flask

from service.web import api, bodies, card, errors, headers, health, page
from service.web.live import Live
from service.web.settings import Settings


def create_app(
    live: Live, settings: Settings, find_card: card.FindCard = card.no_card
) -> Flask:
    """The WSGI application that answers with the live tagger.

    Args:
        live: Gives what tags.
        settings: The operator's.
        find_card: Gives a version's model card.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    # A path with a doubled slash is unknown, not a redirection.
    app.url_map.merge_slashes = False
    app.register_blueprint(api.blueprint(live))
    app.register_blueprint(card.blueprint(live, find_card))
    app.register_blueprint(health.blueprint(live))
    app.register_blueprint(page.blueprint(live, find_card))
    errors.register(app)
    app.after_request(headers.finish)
    app.after_request(bodies.drain)
    return app
