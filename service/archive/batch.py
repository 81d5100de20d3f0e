"""Tags Arrow record batches: the function that an engine, whichever it is, calls."""

from collections.abc import Iterator
from typing import cast

import numpy as np
import pyarrow as pa

from service.json_lines import UnusableError, check_article
from service.tagging.model_file import Model
from service.tagging.tagger import Article, TaggedArticle, Tagger, Wish

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


def schema(model: Model, wish: Wish = _NO_WISH) -> pa.Schema:
    """The columns that `tag_batch` gives; docs/archives.md says what they hold."""
    topics = [*model.topic_ids]
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
    problems: dict[int, str] = {}
    titles = decoded(articles["title"], "title", problems)
    texts = decoded(articles["text"], "text", problems)
    fit: dict[int, Article] = {}
    for row, (title, text) in enumerate(zip(titles, texts, strict=True)):
        problem = problems.get(row) or _problem_of(title or "", text)
        if problem:
            problems[row] = problem
        else:
            fit[row] = Article(title or "", text or "")
    content = _columns(tagger, list(tagger.tag(fit.values(), wish)), wish)
    if problems:
        places = {row: place for place, row in enumerate(fit)}
        spread = pa.array(map(places.get, range(len(articles))), pa.int64())
        content = {name: column.take(spread) for name, column in content.items()}
    content |= {
        "id": articles["id"],
        "model": pa.repeat(tagger.model.version, len(articles)),
        "problem": pa.array(map(problems.get, range(len(articles))), pa.string()),
    }
    columns = schema(tagger.model, wish)
    return pa.record_batch([content[name] for name in columns.names], schema=columns)


def decoded(column: pa.Array, what: str, problems: dict[int, str]) -> list[str | None]:
    """A column's strings; what is not UTF-8 is None, and told in `problems` by row."""
    # Arrow takes it on trust that a string is UTF-8. Looking first would take as long.
    try:
        return cast(list[str | None], column.to_pylist())
    except UnicodeDecodeError:
        stored = column.cast(pa.binary()).to_pylist()
    found: list[str | None] = []
    for row, content in enumerate(stored):
        try:
            found.append(None if content is None else content.decode("utf-8"))
        except UnicodeDecodeError as error:
            found.append(None)
            problems[row] = f"{what} is not UTF-8 (byte {error.start})"
    return found


def _problem_of(title: str, text: str | None) -> str | None:
    if text is None:
        return "there is no text"
    try:
        check_article(title, text)
    except UnusableError as error:
        return str(error)
    return None


def _columns(
    tagger: Tagger, tagged: list[TaggedArticle], wish: Wish
) -> dict[str, pa.Array]:
    """What the tagger found, by column."""
    ids = [*tagger.model.topic_ids]
    places = {topic: place for place, topic in enumerate(ids)}
    shape = len(tagged), len(ids)
    found = [scored for one in tagged for scored in one.topics]
    # In each article the best comes first; columns have the order of the model.
    by_score = np.array([places[one.id] for one in found], int).reshape(shape)
    by_topic = by_score.argsort()
    assigned = np.array([one.assigned for one in found], bool)
    ends = assigned.reshape(shape).sum(axis=1).cumsum()

    def struct(values: np.ndarray) -> pa.StructArray:
        ordered = np.take_along_axis(values.reshape(shape), by_topic, axis=1)
        return pa.StructArray.from_arrays([*map(pa.array, ordered.T)], ids)

    content = {
        "language": pa.array([one.language for one in tagged], pa.string()),
        "tags": pa.ListArray.from_arrays(
            np.insert(ends, 0, 0).astype(np.int32),
            pa.array(ids).take(pa.array(by_score.ravel()[assigned])),
        ),
        "scores": struct(np.array([one.score for one in found], np.float32)),
        "review": struct(np.array([one.review for one in found], bool)),
    }
    if wish.explain:
        spans = [list(_evidence(one)) for one in tagged]
        content["evidence"] = pa.array(spans, _EVIDENCE)
    return content


def _evidence(tagged: TaggedArticle) -> Iterator[dict[str, object]]:
    """What speaks for the topics that an editor reads: assigned, or to be reviewed."""
    for scored in tagged.topics:
        if scored.assigned or scored.review:
            for span in scored.evidence or ():
                yield {
                    "topic": scored.id,
                    "field": span.field,
                    "start": span.start,
                    "end": span.end,
                    "text": span.text,
                    "weight": span.weight,
                }
