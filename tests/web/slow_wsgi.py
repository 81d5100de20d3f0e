"""What gunicorn serves in tests of load: articles that ask for it take their time."""

import time
from typing import cast

from service.tagging.tagger import Article, TaggedArticle, Tagger, Wish
from service.web.app import create_app
from service.web.settings import Settings
from tests.web.fake_tagger import FakeTagger

SLOWLY = "آهسته"
SECONDS = 0.06
_NO_WISH = Wish()


class SlowTagger(FakeTagger):
    def tag_one(self, article: Article, wish: Wish = _NO_WISH) -> TaggedArticle:
        if SLOWLY in article.text:
            time.sleep(SECONDS)
        return super().tag_one(article, wish)


tagger = SlowTagger()
application = create_app(
    lambda: cast(Tagger, tagger), Settings.from_environment(), follower=None
)
