import json
import re
from pathlib import Path
from unittest.mock import Mock

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def stages() -> list[str]:
    """The Dockerfile's stages, in order, with what comes before the first."""
    text = (ROOT / "Dockerfile").read_text("utf-8")
    lines = [line for line in text.splitlines() if not line.startswith("#")]
    return re.split(r"^(?=FROM )", "\n".join(lines), flags=re.M)


def test_every_stage_starts_from_the_base_image(stages: list[str]) -> None:
    assert stages[0].strip() == "ARG BASE_IMAGE=python:3.12-slim-bookworm"
    assert len(stages) > 2
    for stage in stages[1:]:
        assert stage.startswith(("FROM ${BASE_IMAGE}", "FROM packages AS service"))


def test_the_image_carries_packages_model_and_service_only(stages: list[str]) -> None:
    *_, service, image = stages
    assert service.startswith("FROM packages AS service")
    assert re.findall(r"^COPY (.*)$", service, re.M) == [
        "service service",
        "--from=training /build/models models",
    ]
    assert re.findall(r"^COPY (.*)$", image, re.M) == [
        "--from=service /opt/barchasb /opt/barchasb",
        "--from=service /srv/barchasb /srv/barchasb",
    ]
    assert "RUN" not in image


def test_packages_are_checked_by_hash(stages: list[str]) -> None:
    dockerfile = "".join(stages).replace("\\\n", " ")
    commands = re.findall(r"pip [^&\n]*\binstall\b[^&\n]*", dockerfile)
    assert len(commands) == 3
    assert all("--require-hashes" in command for command in commands)


def test_it_is_run_by_no_one_in_particular(stages: list[str]) -> None:
    user = re.search(r"^USER (\d+):(\d+)$", stages[-1], re.M)
    assert user is not None
    assert int(user[1]) >= 1000


def test_it_listens_beyond_itself_and_stops_gracefully(stages: list[str]) -> None:
    assert "BARCHASB_HOST=0.0.0.0" in stages[-1]
    assert "EXPOSE 8000" in stages[-1]
    assert "STOPSIGNAL SIGTERM" in stages[-1]


def test_health_check_needs_python_only(stages: list[str]) -> None:
    command = re.search(r"^HEALTHCHECK.*?CMD (\[.*?\])$", stages[-1], re.M | re.S)
    assert command is not None
    interpreter, flag, source = json.loads(command[1])
    assert (interpreter, flag) == ("python", "-c")
    compile(source, "HEALTHCHECK", "exec")


@pytest.mark.parametrize(("set_to", "asked"), [(" ", 8000), ("9000", 9000)])
def test_health_check_asks_where_the_service_listens(
    stages: list[str], monkeypatch: pytest.MonkeyPatch, set_to: str, asked: int
) -> None:
    """A blank variable keeps its default."""
    command = re.search(r"^HEALTHCHECK.*?CMD (\[.*?\])$", stages[-1], re.M | re.S)
    assert command is not None
    connection = Mock()
    connection.return_value.getresponse.return_value.status = 200
    monkeypatch.setattr("http.client.HTTPConnection", connection)
    monkeypatch.setenv("BARCHASB_PORT", set_to)
    with pytest.raises(SystemExit, match="False"):
        exec(json.loads(command[1])[2], {})  # noqa: S102 - it is ours
    connection.assert_called_once_with("127.0.0.1", asked, timeout=3)


def test_the_posted_request_is_an_article() -> None:
    article = json.loads((Path(__file__).parent / "request.json").read_text("utf-8"))
    assert article.keys() == {"title", "text", "explain"}


def test_the_builder_is_sent_what_the_stages_copy_and_no_more() -> None:
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    assert [line for line in lines if not line.startswith("#")] == [
        "*",
        "!requirements/*.txt",
        "!seeds",
        "!service",
        "!training",
        "**/__pycache__",
    ]
