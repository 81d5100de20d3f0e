"""What `/v1/classify` is held against: the same service less tagging, Flask alone.

gunicorn's entries, as `service.wsgi` is one.
"""

from flask import Blueprint, Flask, Response, request

from benchmarks.servers import BARE, CLASSIFY, CONSTANT
from service.web import api, decoding
from service.web.settings import Settings
from service.wsgi import application

_EXAMPLE = {"text": "صادرات گاز به ترکیه از بامداد امروز از سر گرفته شده است."}
_JSON = "application/json"


def with_constant() -> Flask:
    """The service, and in it a route that takes what `/v1/classify` takes.

    It stands where that stands, in a blueprint under /v1, and refuses what that
    refuses; it does not tag.
    """
    answer: list[bytes] = []
    topics: list[str] = []
    most = Settings.max_body_bytes

    at = Blueprint("constant", __name__)

    @at.post(CONSTANT)
    def constant() -> Response:
        decoding.decode_classify(api.read_body(most), topics)
        return Response(answer[0], content_type=_JSON)

    application.register_blueprint(at)
    # Flask takes no route any more once it has answered.
    answered = application.test_client().post(CLASSIFY, json=_EXAMPLE)
    answer.append(answered.data)
    topics.extend(one["id"] for one in answered.get_json()["topics"])
    return application


def bare() -> Flask:
    """Flask with one route, which reads the body and answers as many bytes."""
    answer = application.test_client().post(CLASSIFY, json=_EXAMPLE).data
    app = Flask(__name__)

    @app.post(BARE)
    def constant() -> Response:
        request.get_data()
        return Response(answer, content_type=_JSON)

    return app
