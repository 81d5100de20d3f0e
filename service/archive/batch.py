"""Tags Arrow record batches: the function that an engine, whichever it is, calls."""

from collections.abc import Iterator

import pyarrow as pa

from service.json_lines import UnusableError, check_article
from service.tagging.model_file import Model
from service.tagging.tagger import Article, ScoredTopic, TaggedArticle, Tagger, Wish

ARTICLES = pa.schema(
    [("id", pa.string()), ("title", pa.string()), ("text", pa.string())]
)

_EVIDENCE = pa.list_(
    pa.struct(
        [
            ("topic", pa.string()),
            ("field", pa.string()),
            ("start", pa.int32()),
            ("end", pa.int32()),
            ("text", pa.string()),
            ("weight", pa.float32()),
        ]
    )
)
_NO_WISH = Wish()

type Found = dict[str, ScoredTopic]
"""How each topic fared in an article, best score first, by id."""


def schema(model: Model, wish: Wish = _NO_WISH) -> pa.Schema:
    """The columns that `tag_batch` gives; docs/archives.md says what they hold."""
    topics = [topic.id for topic in model.topics]
    fields = [
        ("id", pa.string()),
        ("language", pa.string()),
        ("tags", pa.list_(pa.string())),
        ("scores", pa.struct([(topic, pa.float32()) for topic in topics])),
        ("review", pa.struct([(topic, pa.bool_()) for topic in topics])),
        *([("evidence", _EVIDENCE)] if wish.explain else []),
        ("model", pa.string()),
        ("problem", pa.string()),
    ]
    return pa.schema(fields)


def tag_batch(
    tagger: Tagger, articles: pa.RecordBatch, wish: Wish = _NO_WISH
) -> pa.RecordBatch:
    """Tag the articles of a record batch.

    Args:
        tagger: Tags them.
        articles: Has the columns of `ARTICLES`, perhaps more; title may be null.
        wish: How to tag them.

    Returns:
        As many rows in the same order, with the columns of `schema`. An article that
        cannot be tagged has a problem and nulls, every other one no problem.
    """
    tagged: list[TaggedArticle | None] = []
    problems: list[str | None] = []
    titles, texts = articles["title"].to_pylist(), articles["text"].to_pylist()
    for title, text in zip(titles, texts, strict=True):
        problem = _problem_of(title or "", text)
        problems.append(problem)
        tagged.append(
            next(tagger.tag([Article(title or "", text)], wish))
            if problem is None
            else None
        )
    found: list[Found | None] = [
        None if one is None else {scored.topic.id: scored for scored in one.topics}
        for one in tagged
    ]
    columns = schema(tagger.model, wish)
    content = {
        "id": articles["id"],
        "language": pa.array([one and one.language for one in tagged], pa.string()),
        "tags": pa.array([one and _tags(one) for one in found], pa.list_(pa.string())),
        "scores": _by_topic(found, "score", columns.field("scores").type),
        "review": _by_topic(found, "review", columns.field("review").type),
        "model": pa.repeat(tagger.model.version, len(tagged)),
        "problem": pa.array(problems, pa.string()),
    }
    if wish.explain:
        spans = [one and list(_evidence(one)) for one in found]
        content["evidence"] = pa.array(spans, _EVIDENCE)
    return pa.record_batch([content[name] for name in columns.names], schema=columns)


def _problem_of(title: str, text: str | None) -> str | None:
    if text is None:
        return "there is no text"
    try:
        check_article(title, text)
    except UnusableError as error:
        return str(error)
    return None


def _tags(found: Found) -> list[str]:
    return [topic for topic, scored in found.items() if scored.assigned]


def _by_topic(
    found: list[Found | None], name: str, struct: pa.StructType
) -> pa.StructArray:
    """A column with a field for each topic: what `name` is of it."""
    columns = [
        pa.array([one and getattr(one[field.name], name) for one in found], field.type)
        for field in struct
    ]
    missing = pa.array([one is None for one in found], pa.bool_())
    return pa.StructArray.from_arrays(columns, fields=list(struct), mask=missing)


def _evidence(found: Found) -> Iterator[dict[str, object]]:
    """What speaks for the topics that an editor reads: assigned, or to be reviewed."""
    for topic, scored in found.items():
        if scored.assigned or scored.review:
            for span in scored.evidence:
                yield {
                    "topic": topic,
                    "field": span.field,
                    "start": span.start,
                    "end": span.end,
                    "text": span.text,
                    "weight": span.weight,
                }
