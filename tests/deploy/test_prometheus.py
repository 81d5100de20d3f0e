"""Rules and alerts ask for what the service gives, and say what they should."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from service.tagging.model_file import SCORE_EDGES
from tests.deploy.promql import PROMETHEUS, assert_answerable, exposed, rules, selectors

PROMTOOL = shutil.which("promtool")
needs_promtool = pytest.mark.skipif(
    PROMTOOL is None, reason="promtool is not installed (Debian: prometheus)"
)


def promtool(*arguments: str, cwd: Path) -> None:
    ended = subprocess.run(
        [str(PROMTOOL), *arguments],
        cwd=cwd,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr


@pytest.mark.parametrize(
    "rule", rules(), ids=lambda one: one.get("record", one.get("alert"))
)
def test_rule_asks_for_what_there_is(rule: dict[str, str]) -> None:
    assert_answerable(rule["expr"])


def test_expressions_are_read_whole() -> None:
    expression = 'sum by (a) (rate(x{i="1"}[5m])) / (y - (z offset 7d)) > 0.2'
    assert list(selectors(expression)) == [("x", {"i"}), ("y", set()), ("z", set())]


def test_score_bins_are_those_of_training() -> None:
    assert len(SCORE_EDGES) == len(set(SCORE_EDGES))
    assert SCORE_EDGES[-1] == 1
    assert exposed()["barchasb_scores_total"] == exposed()["barchasb_training_scores"]


def test_readme_names_every_alert_and_no_other() -> None:
    readme = (PROMETHEUS.parent / "README.md").read_text("utf-8")
    named = set(re.findall(r"^\| `(Barchasb\w+)` \|", readme, re.M))
    assert named == {rule["alert"] for rule in rules() if "alert" in rule}


def test_main_readme_names_every_metric_and_no_other() -> None:
    readme = (PROMETHEUS.parents[1] / "README.md").read_text("utf-8")
    named = set(re.findall(r"`(barchasb_\w+)`", readme))
    assert named == {re.sub("_(bucket|count|sum)$", "", name) for name in exposed()}


@needs_promtool
def test_configuration_is_valid(tmp_path: Path) -> None:
    shutil.copytree(PROMETHEUS, tmp_path, dirs_exist_ok=True)
    (tmp_path / "key").touch()
    promtool("check", "config", "prometheus.yml", cwd=tmp_path)


@needs_promtool
@pytest.mark.parametrize("name", ["rules_test.yml", "drift_test.yml"])
def test_rules_come_to_what_they_should(name: str, tmp_path: Path) -> None:
    for path in [*PROMETHEUS.glob("*.yml"), Path(__file__).with_name(name)]:
        shutil.copy(path, tmp_path)
    promtool("test", "rules", name, cwd=tmp_path)
