"""What gunicorn serves in these tests: the real application, a fake tagger."""

from typing import cast

from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.settings import Settings
from tests.web.fake_tagger import FakeTagger

tagger = FakeTagger()
application = create_app(lambda: cast(Tagger, tagger), Settings())
