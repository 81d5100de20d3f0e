"""Articles in, their tags out: what the routes that tag have in common."""

from msgspec import UNSET, Raw

from service.tagging.tagger import Article, ScoredTopic, TaggedArticle, Tagger
from service.web import decoding, errors, payloads
from service.web.decoding import ClassifyRequest, Options
from service.web.observing import Exchange
from service.web.payloads import ArticleAnswer, ArticleRefusal, ClassifyAnswer


def classified(
    tagger: Tagger, exchange: Exchange, asked: ClassifyRequest
) -> ClassifyAnswer:
    """The answer to an article that comes with its own options."""
    tagged = exchange.tag(tagger, Article(asked.title, asked.text), asked)
    topics = topics_of(tagged, asked)
    return ClassifyAnswer(tagger.model.version, tagged.language, topics)


class Answering:
    """Answers the several articles of one request, all by the same tagger."""

    def __init__(self, tagger: Tagger, exchange: Exchange) -> None:
        self.model = tagger.model.version
        self._tagger = tagger
        self._exchange = exchange

    def article(
        self, content: bytes | Raw, options: Options, *, line: int | None = None
    ) -> ArticleAnswer | ArticleRefusal:
        """Answer one of several articles; what is wrong with it is told, not raised.

        Args:
            content: Its JSON.
            options: How to tag it.
            line: Its place in a stream, told with a refusal.
        """
        try:
            self._exchange.turn_to("decode")
            asked = decoding.decode_article(content)
            article = Article(asked.title, asked.text)
            tagged = self._exchange.tag(self._tagger, article, options)
        except Exception as error:  # noqa: BLE001 - the others are still answered
            return refusal(error, decoding.find_id(content), line)
        identity = decoding.NO_ID if asked.id is UNSET else asked.id
        topics = topics_of(tagged, options)
        return ArticleAnswer(identity, self.model, tagged.language, topics)

    def encode(self, answer: ArticleAnswer | ArticleRefusal) -> bytes:
        """The JSON of an answer, as a line of a stream."""
        self._exchange.turn_to("encode")
        line = payloads.encode(answer) + b"\n"
        self._exchange.turn_to(None)
        return line


def topics_of(tagged: TaggedArticle, options: Options) -> tuple[ScoredTopic, ...]:
    """An article's topics, as far as they were asked for."""
    chosen = tagged.topics
    if options.topics is not None:
        has = options.topics.has
        chosen = tuple(scored for scored in chosen if has(scored.id))
    return chosen[: options.most]


def refusal(
    error: Exception, identity: Raw = decoding.NO_ID, line: int | None = None
) -> ArticleRefusal:
    """An article's problem, in the place of its answer."""
    problem = errors.problem_of(error)
    return ArticleRefusal(identity, problem, UNSET if line is None else line)
