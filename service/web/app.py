"""The application, put together."""

from flask import Flask

from service.tagging.tagger import Tagger
from service.web import api, bodies, card, errors, headers, health, page
from service.web.settings import Settings


def create_app(
    tagger: Tagger, settings: Settings, find_card: card.FindCard = card.no_card
) -> Flask:
    """The WSGI application that answers with this tagger.

    Args:
        tagger: What tags.
        settings: The operator's.
        find_card: Gives a version's model card.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = settings.max_body_bytes
    # A path with a doubled slash is unknown, not a redirection.
    app.url_map.merge_slashes = False
    app.register_blueprint(api.blueprint(tagger))
    app.register_blueprint(card.blueprint(tagger, find_card))
    app.register_blueprint(health.blueprint(tagger))
    app.register_blueprint(page.blueprint(tagger, find_card))
    errors.register(app)
    app.after_request(headers.finish)
    app.after_request(bodies.drain)
    return app
