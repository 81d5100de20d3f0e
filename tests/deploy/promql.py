"""What expressions ask for, and what there is to ask for."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import promql_parser
import yaml

from service.tagging.model_file import SCORE_EDGES
from service.tagging.tagger import ScoredTopic, TaggedArticle, Tagger
from service.web.metrics import Metrics
from tests.web.fake_tagger import TOPICS, FakeModel, FakeTagger

DEPLOY = Path(__file__).parents[2] / "deploy"
PROMETHEUS = DEPLOY / "prometheus"
_OF_EVERY_TARGET = {"instance", "job"}


def rules() -> list[dict[str, Any]]:
    """Every recording and alert rule."""
    return [
        rule
        for name in ("rules.yml", "drift.yml", "alerts.yml")
        for group in yaml.safe_load((PROMETHEUS / name).read_text("utf-8"))["groups"]
        for rule in group["rules"]
    ]


def exposed() -> dict[str, set[str]]:
    """Every series that a service gives, and its labels."""
    tagger = FakeTagger()
    counts = {topic.id: [1] * len(SCORE_EDGES) for topic in TOPICS}
    scores = {"edges": list(SCORE_EDGES), "counts": counts}
    tagger.model = replace(FakeModel(), evaluation={"scores": scores})
    metrics = Metrics(lambda: cast(Tagger, tagger))
    metrics.answered("POST", "/v1/classify", 200, 0.001, {})
    metrics.refused(400)
    metrics.serves("v1")
    topic = TOPICS[0]
    scored = ScoredTopic(topic.id, topic.names, 0.5, True, True, threshold=0.5)
    metrics.tagged(TaggedArticle("fa", (scored,), 0.9))
    metrics.settle()
    return {
        sample.name: set(sample.labels)
        for family in metrics.registry.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }


def selectors(expression: str) -> Iterator[tuple[str, set[str]]]:
    """Each series that an expression asks for, and the labels it is chosen by."""
    yield from _selectors(promql_parser.parse(expression))


def _selectors(node: object) -> Iterator[tuple[str, set[str]]]:
    if isinstance(node, promql_parser.VectorSelector):
        yield node.name, {matcher.name for matcher in node.matchers.matchers}
    elif isinstance(node, promql_parser.MatrixSelector):
        yield from _selectors(node.vector_selector)
    elif isinstance(node, promql_parser.BinaryExpr):
        yield from _selectors(node.lhs)
        yield from _selectors(node.rhs)
    elif isinstance(node, promql_parser.Call):
        for argument in node.args:
            yield from _selectors(argument)
    elif isinstance(node, promql_parser.Expr) and hasattr(node, "expr"):
        yield from _selectors(node.expr)


def assert_answerable(expression: str) -> None:
    """An expression asks for a series, and only for such as there are."""
    recorded = {rule["record"] for rule in rules() if "record" in rule}
    found = exposed()
    asked = list(selectors(expression))
    assert asked
    for name, labels in asked:
        if name in recorded or name == "up":
            continue
        assert name in found, expression
        assert labels - _OF_EVERY_TARGET <= found[name], expression
