"""Who may ask what, how often, and from where."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import cast

import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.tagging.tagger import Tagger
from service.web import keys, logs
from service.web.access import client_address
from service.web.app import create_app
from service.web.keys import KeyFile
from service.web.settings import Settings, networks
from tests.web.asking import assert_problem
from tests.web.fake_tagger import FakeTagger

ANYWHERE = "0.0.0.0"  # noqa: S104 - a value, nothing listens
OPEN = ["/", "/healthz", "/readyz", "/v1/topics", "/v1/model", "/static/page.css"]
OPEN += ["/docs", "/openapi.json"]
ARTICLE = {"text": "قطعی برق"}

type Serve = Callable[..., FlaskClient]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "keys.json"


@pytest.fixture
def file(path: Path) -> KeyFile:
    return KeyFile(path)


@pytest.fixture
def app(path: Path) -> Callable[..., Flask]:
    def make(**settings: str) -> Flask:
        tagger = cast(Tagger, FakeTagger())
        return create_app(lambda: tagger, Settings(keys=path, **settings))  # type: ignore[arg-type]

    return make


@pytest.fixture
def serve(app: Callable[..., Flask]) -> Serve:
    return lambda **settings: app(**settings).test_client()


def bearer(key: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}"}


def test_this_machine_needs_no_key(serve: Serve) -> None:
    assert serve().post("/v1/classify", json=ARTICLE).status_code == 200


@pytest.mark.parametrize("settings", [{}, {"host": ANYWHERE}])
def test_key_is_needed_once_there_is_one(
    serve: Serve, file: KeyFile, settings: dict[str, str]
) -> None:
    shown = file.make("desk", ("tag",))
    client = serve(**settings)
    answer = client.post("/v1/classify", json=ARTICLE)
    problem = assert_problem(answer, 401)
    assert "Authorization: Bearer" in problem["detail"]
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")
    for shows in (bearer(shown), {"X-API-Key": shown}):
        answer = client.post("/v1/classify", json=ARTICLE, headers=shows)
        assert answer.status_code == 200


def test_key_is_needed_where_all_are_revoked(serve: Serve, file: KeyFile) -> None:
    file.make("desk", ("tag",))
    file.revoke("desk")
    assert_problem(serve().post("/v1/classify", json=ARTICLE), 401)


def test_other_address_lets_nobody_in_without_keys(serve: Serve) -> None:
    client = serve(host=ANYWHERE)
    assert_problem(client.post("/v1/classify", json=ARTICLE), 401)


def test_trusted_proxy_lets_nobody_in_without_keys(serve: Serve) -> None:
    client = serve(trusted_proxies="127.0.0.1")
    assert_problem(client.post("/v1/classify", json=ARTICLE), 401)


def test_anonymous_tagging_is_tagging_alone(serve: Serve, file: KeyFile) -> None:
    file.make("ops", ("admin",))
    client = serve(host=ANYWHERE, anonymous="tag")
    assert client.post("/v1/classify", json=ARTICLE).status_code == 200
    assert_problem(client.post("/v1/model/reload"), 401)


@pytest.mark.parametrize(
    "shows",
    [
        {"Authorization": "Bearer barchasb_x"},
        {"Authorization": "Bearer "},
        {"Authorization": "bearer \xff"},
        {"X-API-Key": "barchasb_x"},
    ],
)
def test_key_that_opens_nothing_is_refused(
    serve: Serve, file: KeyFile, shows: dict[str, str]
) -> None:
    file.make("desk", ("tag",))
    problem = assert_problem(
        serve().post("/v1/classify", json=ARTICLE, headers=shows), 401
    )
    assert "barchasb_x" not in problem["detail"]


def test_other_authorization_is_for_others(serve: Serve, file: KeyFile) -> None:
    shown = file.make("desk", ("tag",))
    shows = {"Authorization": "Basic ZGVzazpkZXNr", "X-API-Key": shown}
    answer = serve().post("/v1/classify", json=ARTICLE, headers=shows)
    assert answer.status_code == 200


def test_revoked_key_opens_nothing(
    serve: Serve, file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keys, "_EVERY_SECONDS", 0.0)
    shown, client = file.make("desk", ("tag",)), serve()
    shows = bearer(shown)
    assert client.post("/v1/classify", json=ARTICLE, headers=shows).status_code == 200
    file.revoke("desk")
    assert_problem(client.post("/v1/classify", json=ARTICLE, headers=shows), 401)


def test_scope_is_needed(serve: Serve, file: KeyFile) -> None:
    desk = bearer(file.make("desk", ("tag", "desk")))
    ops = bearer(file.make("ops", ("admin",)))
    client = serve()
    assert_problem(client.post("/v1/model/reload", headers=desk), 403)
    problem = assert_problem(
        client.post("/v1/classify", json=ARTICLE, headers=ops), 403
    )
    assert "scope tag" in problem["detail"]
    assert client.post("/v1/model/reload", headers=ops).status_code == 200
    assert client.get("/metrics", headers=ops).status_code == 200


def test_reload_needs_a_key_even_on_this_machine(serve: Serve) -> None:
    assert_problem(serve().post("/v1/model/reload"), 401)


@pytest.mark.parametrize("opened", OPEN)
def test_what_tells_of_no_article_is_open(
    serve: Serve, file: KeyFile, opened: str
) -> None:
    file.make("desk", ("tag",))
    client = serve(host=ANYWHERE)
    assert client.get(opened, buffered=True).status_code == 200


def test_route_is_closed_unless_it_is_known_to_be_open(
    app: Callable[..., Flask], file: KeyFile
) -> None:
    file.make("desk", ("tag",))
    found = app(host=ANYWHERE)
    client = found.test_client()
    closed = set()
    for rule in found.url_map.iter_rules():
        method = "POST" if "POST" in (rule.methods or ()) else "GET"
        path = rule.rule.replace("<path:filename>", "page.css")
        if client.open(path, method=method, buffered=True).status_code == 401:
            closed.add(rule.rule)
    assert {"/v1/classify", "/v1/classify/batch", "/v1/classify/stream"} <= closed
    assert "/v1/model/reload" in closed
    assert closed.isdisjoint(OPEN)


def test_unknown_path_and_method_tell_for_themselves(
    serve: Serve, file: KeyFile
) -> None:
    file.make("desk", ("tag",))
    assert_problem(serve().get("/nowhere"), 404)
    assert_problem(serve().get("/v1/classify"), 405)


@pytest.mark.parametrize(
    ("address", "headers", "status"),
    [
        ("127.0.0.1", {}, 200),
        ("::1", {}, 200),
        ("::ffff:127.0.0.1", {}, 200),
        ("::ffff:192.0.2.1", {}, 401),
        ("192.0.2.1", {}, 401),
        ("127.0.0.1", {"X-Forwarded-For": "127.0.0.1"}, 401),
        ("127.0.0.1", {"Forwarded": "for=192.0.2.1"}, 401),
        ("127.0.0.1", {"X-Real-IP": "192.0.2.1"}, 401),
    ],
)
def test_metrics_are_for_this_machine(
    serve: Serve, address: str, headers: dict[str, str], status: int
) -> None:
    client = serve(anonymous="tag")
    environ = {"REMOTE_ADDR": address}
    answer = client.get("/metrics", headers=headers, environ_base=environ)
    assert answer.status_code == status


@pytest.mark.parametrize(
    ("peer", "forwarded", "found"),
    [
        ("192.0.2.1", "198.51.100.1", "192.0.2.1"),
        ("10.0.0.1", "", "10.0.0.1"),
        ("10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1, 10.0.0.2", "198.51.100.1"),
        ("10.0.0.1", "203.0.113.9, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "10.0.0.3, 10.0.0.2", "10.0.0.3"),
        ("10.0.0.1", "198.51.100.1, nonsense", "10.0.0.1"),
        ("10.0.0.1", "nonsense, 198.51.100.1", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711", "198.51.100.1"),
        ("10.0.0.1", "198.51.100.1:4711, 10.0.0.2:80", "198.51.100.1"),
        ("10.0.0.1", "[2001:db8::1]:4711", "2001:db8::1"),
        ("10.0.0.1", "nonsense:80", "10.0.0.1"),
        ("fd00::1", "2001:db8::1", "2001:db8::1"),
        ("::ffff:192.0.2.1", "198.51.100.1", "192.0.2.1"),
        ("::ffff:10.0.0.1", "198.51.100.1", "198.51.100.1"),
        ("::ffff:10.0.0.1", "::ffff:198.51.100.1", "198.51.100.1"),
        ("::ffff:172.16.0.1", "198.51.100.1", "198.51.100.1"),
        ("", "198.51.100.1", ""),
    ],
)
def test_address_is_believed_from_trusted_proxies(
    peer: str, forwarded: str, found: str
) -> None:
    trusted = networks("10.0.0.0/8,fd00::/8,::ffff:172.16.0.0/108")
    assert client_address(peer, forwarded, trusted) == found


def test_rate_is_counted_for_each_caller(serve: Serve, file: KeyFile) -> None:
    desk, sport = (file.make(name, ("tag",)) for name in ("desk", "sport"))
    client = serve(rate="3/hour")
    for left in (2, 1, 0):
        answer = client.post("/v1/classify", json=ARTICLE, headers=bearer(desk))
        assert answer.status_code == 200
        assert answer.headers["RateLimit-Policy"] == '"caller";q=3;w=3600'
        assert answer.headers["RateLimit"].startswith(f'"caller";r={left};t=3')
    refused = client.post("/v1/classify", json=ARTICLE, headers=bearer(desk))
    assert_problem(refused, 429)
    assert 3590 < int(refused.headers["Retry-After"]) <= 3600
    assert refused.headers["RateLimit"].startswith('"caller";r=0;t=3')
    answer = client.post("/v1/classify", json=ARTICLE, headers=bearer(sport))
    assert answer.status_code == 200


def test_guessing_keys_is_counted_too(serve: Serve, file: KeyFile) -> None:
    file.make("desk", ("tag",))
    client = serve(rate="2/hour")
    for _ in range(2):
        guess = client.post("/v1/classify", json=ARTICLE, headers=bearer("guess"))
        assert_problem(guess, 401)
    guess = client.post("/v1/classify", json=ARTICLE, headers=bearer("guess"))
    assert_problem(guess, 429)


def test_rate_is_counted_behind_a_trusted_proxy(serve: Serve) -> None:
    client = serve(rate="1/hour", trusted_proxies="127.0.0.1", anonymous="tag")
    statuses = [
        client.post(
            "/v1/classify", json=ARTICLE, headers={"X-Forwarded-For": address}
        ).status_code
        for address in ("192.0.2.1", "192.0.2.2", "203.0.113.5, 192.0.2.1")
    ]
    assert statuses == [200, 200, 429]


@pytest.mark.parametrize(
    ("addresses", "answers"),
    [
        (("2001:db8::1", "2001:db8::2", "2001:db8:0:1::1"), [200, 429, 200]),
        (("::ffff:192.0.2.1", "::ffff:192.0.2.2", "::ffff:192.0.2.1"), [200, 200, 429]),
    ],
    ids=["one network", "IPv4 on a socket for both families"],
)
def test_addresses_of_one_caller_are_counted_together(
    serve: Serve, addresses: tuple[str, ...], answers: list[int]
) -> None:
    client = serve(rate="1/hour")
    statuses = [
        client.post(
            "/v1/classify", json=ARTICLE, environ_base={"REMOTE_ADDR": address}
        ).status_code
        for address in addresses
    ]
    assert statuses == answers


def test_what_is_open_is_not_counted(serve: Serve) -> None:
    client = serve(rate="1/hour")
    for _ in range(3):
        answer = client.get("/healthz")
        assert answer.status_code == 200
        assert "RateLimit" not in answer.headers


@pytest.mark.parametrize(
    ("settings", "policy"),
    [
        ({}, None),
        ({"host": ANYWHERE}, '"caller";q=100;w=1'),
        ({"trusted_proxies": "127.0.0.1"}, '"caller";q=100;w=1'),
    ],
)
def test_rate_is_off_on_this_machine_alone(
    serve: Serve, settings: dict[str, str], policy: str | None
) -> None:
    client = serve(**settings, anonymous="tag")
    answer = client.post("/v1/classify", json=ARTICLE)
    assert answer.headers.get("RateLimit-Policy") == policy


def test_log_has_the_key_by_its_name(
    serve: Serve, file: KeyFile, capsys: pytest.CaptureFixture[str]
) -> None:
    shown = file.make("desk", ("tag",))
    logs.configure(Settings())
    serve().post("/v1/classify", json=ARTICLE, headers=bearer(shown), buffered=True)
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["key"] == "desk"
    assert shown not in line
