"""The API's description: true of the routes, its examples true of the service."""

import json
import re
from pathlib import Path
from typing import Any

import jsonschema_rs
import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.tagging.tagger import Tagger
from service.web.app import create_app
from service.web.decoding import Options
from service.web.keys import KeyFile
from service.web.settings import Settings
from tests.web.asking import assert_problem

UNDESCRIBED = {"/", "/docs", "/openapi.json", "/static/<path:filename>"}


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    found: dict[str, Any] = client.get("/openapi.json").json or {}
    return found


def validate(document: dict[str, Any], schema: dict[str, Any], value: object) -> None:
    whole = {**schema, "components": document["components"]}
    jsonschema_rs.validate(whole, value)


def test_every_route_is_described(app: Flask, document: dict[str, Any]) -> None:
    routes = {
        (rule.rule, method.lower())
        for rule in app.url_map.iter_rules()
        for method in (rule.methods or set()) - {"HEAD", "OPTIONS"}
        if rule.rule not in UNDESCRIBED
    }
    described = {
        (path, method) for path, of in document["paths"].items() for method in of
    }
    assert described == routes


def test_description_follows_the_settings_and_the_model(tagger: Tagger) -> None:
    settings = Settings(max_batch_articles=7, max_batch_bytes=4321)
    client = create_app(lambda: tagger, settings).test_client()
    document = client.get("/openapi.json").json or {}
    schemas = document["components"]["schemas"]
    assert schemas["TopicId"]["enum"] == [topic.id for topic in tagger.model.topics]
    assert schemas["BatchRequest"]["properties"]["articles"]["maxItems"] == 7
    assert (
        "4321 bytes" in document["paths"]["/v1/classify/batch"]["post"]["description"]
    )


def test_reference_leads_somewhere(document: dict[str, Any]) -> None:
    references = set(re.findall(r'"\$ref": "#/([^"]+)"', json.dumps(document)))
    assert len(references) > 20
    for reference in references:
        found = document
        for step in reference.split("/"):
            found = found[step]
        assert found


def test_only_what_needs_a_key_is_said_to_be_refused_without(
    tagger: Tagger, tmp_path: Path, document: dict[str, Any]
) -> None:
    KeyFile(tmp_path / "keys.json").make("desk", ("tag",))
    client = create_app(
        lambda: tagger, Settings(keys=tmp_path / "keys.json")
    ).test_client()
    elsewhere = {"REMOTE_ADDR": "192.0.2.1"}
    for path, of in document["paths"].items():
        for method, operation in of.items():
            answer = client.open(path, method=method, environ_base=elsewhere)
            is_open = answer.status_code != 401
            assert {"401", "403", "429"}.isdisjoint(operation["responses"]) is is_open
            assert (operation.get("security") == []) is is_open


def test_who_is_to_ask_later_is_told_when(document: dict[str, Any]) -> None:
    for status, response in document["components"]["responses"].items():
        is_later = "Retry-After" in response["headers"]
        assert is_later is (status in {"429", "503"})


def test_every_property_is_explained_that_a_caller_sets(
    document: dict[str, Any],
) -> None:
    schemas = document["components"]["schemas"]
    for name in ("ClassifyRequest", "BatchRequest", "ArticleRequest", "TopicChoice"):
        for field, of in schemas[name]["properties"].items():
            assert of.get("description"), f"{name}.{field}"
    for name, schema in schemas.items():
        assert "Attributes" not in schema.get("description", ""), name


@pytest.mark.parametrize("path", ["/v1/classify", "/v1/classify/batch"])
def test_examples_are_what_is_asked_and_answered(
    client: FlaskClient, document: dict[str, Any], path: str
) -> None:
    operation = document["paths"][path]["post"]
    asked = operation["requestBody"]["content"]["application/json"]
    shown = operation["responses"]["200"]["content"]["application/json"]
    validate(document, asked["schema"], asked["example"])
    validate(document, shown["schema"], shown["example"])
    assert client.post(path, json=asked["example"]).json == shown["example"]


def test_example_of_a_stream_is_what_is_answered(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    operation = document["paths"]["/v1/classify/stream"]["post"]
    (asked,) = operation["requestBody"]["content"].values()
    (shown,) = operation["responses"]["200"]["content"].values()
    answer = client.post(
        "/v1/classify/stream?limit=1",
        data=asked["example"].encode(),
        content_type="application/x-ndjson",
        buffered=True,
    )
    assert answer.text == shown["example"]


@pytest.mark.parametrize("path", ["/v1/topics", "/v1/model"])
def test_example_of_a_page_is_the_page(
    client: FlaskClient, document: dict[str, Any], path: str
) -> None:
    shown = document["paths"][path]["get"]["responses"]["200"]["content"]
    example = shown["application/json"]["example"]
    validate(document, shown["application/json"]["schema"], example)
    assert client.get(path).json == example


def test_query_has_every_option(document: dict[str, Any]) -> None:
    parameters = document["paths"]["/v1/classify/stream"]["post"]["parameters"]
    named = {parameter["name"].partition(".")[0] for parameter in parameters}
    assert named == set(Options.__struct_fields__)


@pytest.mark.parametrize("path", ["/openapi.json", "/v1/topics", "/v1/model"])
def test_answer_is_sent_once(client: FlaskClient, path: str) -> None:
    first = client.get(path)
    known = {"If-None-Match": first.headers["ETag"]}
    again = client.get(path, headers=known)
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["X-Request-ID"]
    assert client.get(path, headers={"If-None-Match": '"other"'}).status_code == 200


@pytest.mark.parametrize("path", ["/openapi.json", "/v1/topics", "/v1/model"])
def test_answer_that_is_not_the_one_wanted_is_a_problem(
    client: FlaskClient, path: str
) -> None:
    wanted = {"If-Match": client.get(path).headers["ETag"]}
    assert client.get(path, headers=wanted).status_code == 200
    assert_problem(client.get(path, headers={"If-Match": '"other"'}), 412)


def test_page_shows_every_operation_and_schema(
    client: FlaskClient, document: dict[str, Any]
) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    for path, of in document["paths"].items():
        for method, operation in of.items():
            assert f"{method.upper()} {path}" in page.text
            assert f'id="{operation["operationId"]}"' in page.text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in page.text
    assert "صادرات گاز به ترکیه" in page.text
    links = set(re.findall(r'href="#([^"]+)"', page.text))
    assert links <= set(re.findall(r'id="([^"]+)"', page.text))


def test_page_tells_the_type_and_meaning_of_every_parameter(
    client: FlaskClient,
) -> None:
    page = client.get("/docs").text
    for name, of_type in (
        ("explain", "boolean"),
        ("limit", "integer"),
        ("thresholds.trade", "number"),
    ):
        place = page.index(f"<dt><code>{name}</code></dt>")
        _, shown, meaning = page[place:].split("<dd>")[1].split(">", 2)
        assert shown == f"{of_type}</span"
        assert meaning.partition("<")[0].strip().endswith(".")


def test_page_runs_nothing_and_asks_nobody(client: FlaskClient) -> None:
    page = client.get("/docs")
    assert "unsafe" not in page.headers["Content-Security-Policy"]
    assert "<script" not in page.text
    assert "style=" not in page.text
    assert not re.search(r'(?:src|href)="(?![/#])', page.text)
