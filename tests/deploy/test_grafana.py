"""The dashboard asks for what the service gives, and its panels do not overlap."""

import functools
import itertools
import json
from typing import Any

import pytest

from tests.deploy.promql import DEPLOY, assert_answerable, exposed, selectors

DASHBOARD = json.loads((DEPLOY / "grafana" / "barchasb.json").read_text("utf-8"))
VARIABLES = {
    "$__rate_interval": "5m",
    "$instance": ".*",
    "$topic": "trade",
}
SHOWN_ELSEWHERE = {  # a histogram's count and sum are in its mean and quantiles
    "barchasb_request_seconds_count",
    "barchasb_request_seconds_sum",
    "barchasb_unseen_words_ratio_bucket",
    "barchasb_unseen_words_ratio_count",
    "barchasb_unseen_words_ratio_sum",
    "barchasb_scores_total",
    "barchasb_training_scores",
}


def expressions() -> list[str]:
    targets = [one for panel in DASHBOARD["panels"] for one in panel.get("targets", ())]
    return [
        functools.reduce(
            lambda found, name: found.replace(name, VARIABLES[name]),
            VARIABLES,
            asked["expr"],
        )
        for asked in [*targets, *DASHBOARD["annotations"]["list"]]
    ]


@pytest.mark.parametrize("expression", expressions())
def test_panel_asks_for_what_there_is(expression: str) -> None:
    assert "$" not in expression
    assert_answerable(expression)


def test_every_series_is_shown() -> None:
    shown = {name for one in expressions() for name, _ in selectors(one)}
    assert set(exposed()) <= shown | SHOWN_ELSEWHERE


def test_panels_have_their_own_id_and_place() -> None:
    panels: list[dict[str, Any]] = DASHBOARD["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken = list(
        itertools.chain.from_iterable(
            itertools.product(
                range(place["x"], place["x"] + place["w"]),
                range(place["y"], place["y"] + place["h"]),
            )
            for place in (panel["gridPos"] for panel in panels)
        )
    )
    assert len(taken) == len(set(taken))
    assert max(x for x, _ in taken) < 24


def test_data_source_is_the_reader_s_to_choose() -> None:
    found = {
        one["datasource"]["uid"]
        for panel in DASHBOARD["panels"]
        for one in [panel, *panel.get("targets", ())]
        if panel["type"] != "row"
    }
    assert found == {"${datasource}"}
