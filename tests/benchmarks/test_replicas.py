"""The short form of `python -m benchmarks.replicas`."""

from pathlib import Path

import pytest

from benchmarks.replicas import measure
from service.tagging.model_file import Model
from service.tagging.tagger import Article
from tests.benchmarks.test_reloads import TEXTS


@pytest.mark.nginx
def test_no_request_fails_while_replicas_are_restarted(
    model: Model, tmp_path: Path
) -> None:
    outcome = measure(tmp_path, model, [Article("", text) for text in TEXTS], 2, 1)
    assert outcome.faults == []
    assert len(outcome.seconds) == 1
    assert len(outcome.restarts) == 2
    assert min(outcome.answered) > 0
    assert outcome.again > 0
    # What nginx passed on for the last time is what was answered.
    assert outcome.answers == sum(outcome.answered)
