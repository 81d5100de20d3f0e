"""A worker serves what the pointer names, as far as it can be used."""

import gc
import logging
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import cast

import joblib
import pytest
from flask import Flask
from flask.testing import FlaskClient

from service.tagging.model_file import Model, version_of
from service.tagging.model_store import ModelStore
from service.tagging.tagger import Article, Tagger, Wish
from service.web import live
from service.web.app import create_app
from service.web.keys import KeyFile
from service.web.live import Follower, warm
from service.web.settings import Settings
from tests.web.fake_tagger import FakeTagger

ARTICLE = Article("", "خاموشی برق ادامه دارد و نیروگاه از مدار خارج شد.")


class Watched:
    """Writes down what it is told."""

    def __init__(self) -> None:
        self.told: list[tuple[str, ...]] = []

    def serves(self, version: str) -> None:
        self.told.append(("serves", version))

    def reloaded(self, version: str) -> None:
        self.told.append(("reloaded", version))

    def reload_refused(self) -> None:
        self.told.append(("refused",))


@pytest.fixture
def store(tmp_path: Path, model: Model) -> ModelStore:
    store = ModelStore(tmp_path / "models")
    store.promote(store.add(model))
    return store


@pytest.fixture
def first(store: ModelStore) -> str:
    return str(store.live_version())


@pytest.fixture
def second(store: ModelStore, model: Model, first: str) -> str:
    """A version with other scores, not promoted; `first` was written before."""
    assert first
    intercepts = model.weights.intercepts - 1.0
    weights = model.weights._replace(intercepts=intercepts)
    return store.add(replace(model, weights=weights))


@pytest.fixture
def follower(store: ModelStore, first: str) -> Follower:
    return Follower(store, Tagger(store.load(first)))


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(models=tmp_path / "models", keys=tmp_path / "keys.json")


@pytest.fixture
def key(settings: Settings) -> str:
    """What opens everything."""
    return KeyFile(settings.keys).make("operator", ("tag", "admin"))


def client_of(app: Flask, key: str) -> FlaskClient:
    client = app.test_client()
    client.environ_base["HTTP_X_API_KEY"] = key
    return client


@pytest.fixture
def client(follower: Follower, settings: Settings, key: str) -> FlaskClient:
    app = create_app(follower.live, settings, follower=follower)
    return client_of(app, key)


@pytest.fixture
def unpolled(monkeypatch: pytest.MonkeyPatch) -> None:
    """`follow` looks once, and its thread waits for good."""
    monkeypatch.setattr(live, "time", FakeTime(wait_for_good))


class FakeTime:
    def __init__(self, sleep: Callable[[float], None]) -> None:
        self.sleep = sleep


def wait_for_good(_: float = 0.0) -> None:
    threading.Event().wait()


def point_at(store: ModelStore, version: str) -> None:
    """Move the pointer as one does by hand, without a look at the version."""
    (store.root / "live").write_text(f"{version}\n", "utf-8")


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def scores(tagger: Tagger) -> dict[str, float]:
    (tagged,) = tagger.tag([ARTICLE])
    return {one.id: one.score for one in tagged.topics}


def test_promoted_version_is_taken_up(
    store: ModelStore, follower: Follower, first: str, second: str
) -> None:
    follower.check()
    before = follower.live()
    assert before.model.version == first
    store.promote(second)
    assert follower.live() is before
    follower.check()
    assert follower.live().model.version == second
    assert scores(follower.live()) == scores(Tagger(store.load(second)))
    assert scores(follower.live()) != scores(before)
    store.roll_back()
    follower.check()
    assert follower.live().model.version == first


def test_nothing_is_read_while_nothing_moves(
    store: ModelStore,
    follower: Follower,
    first: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded: list[str] = []
    monkeypatch.setattr(ModelStore, "load", lambda _, version: loaded.append(version))
    for _ in range(3):
        follower.check()
    store.promote(first)
    loaded.clear()  # promotion itself reads it
    follower.check()
    assert loaded == []


def test_it_is_warm_before_it_is_live(
    store: ModelStore,
    follower: Follower,
    first: str,
    second: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    warmed: list[tuple[str, str]] = []

    def watch(tagger: Tagger) -> Tagger:
        version = tagger.model.version
        warmed.append((version, follower.live().model.version))
        return warm(tagger)

    monkeypatch.setattr(live, "warm", watch)
    store.promote(second)
    follower.check()
    assert warmed == [(second, first)]


def test_warm_tags_with_evidence() -> None:
    asked: list[Wish] = []

    class Listening:
        def tag_one(self, _article: Article, wish: Wish) -> None:
            asked.append(wish)

    listening = Listening()
    assert warm(listening) is listening  # type: ignore[arg-type, comparison-overlap]
    assert asked[0].explain


@pytest.mark.skipif(
    not Path("/proc/self/maps").exists(), reason="no list of mapped files"
)
def test_old_file_goes_with_the_last_request_on_it(
    store: ModelStore, follower: Follower, first: str, second: str
) -> None:
    def mapped() -> set[str]:
        maps = Path("/proc/self/maps").read_text("utf-8")
        # Other tests may have the same versions mapped, from folders of their own.
        folders = {one: f"{store.root.resolve()}/{one}/" for one in (first, second)}
        return {version for version, folder in folders.items() if folder in maps}

    under_way = follower.live().tag([ARTICLE], Wish(explain=True))
    old = scores(follower.live())
    store.promote(second)
    gc.disable()  # nothing may wait for it
    try:
        follower.check()
        assert mapped() == {first, second}
        (tagged,) = under_way
        assert {one.id: one.score for one in tagged.topics} == old
        del tagged, under_way
        assert mapped() == {second}
    finally:
        gc.enable()


def damaged(store: ModelStore, version: str) -> str:
    flip(store.root / version / "model.joblib")
    return "is damaged"


def removed(store: ModelStore, version: str) -> str:
    (store.root / version / "model.joblib").unlink()
    return "does not exist"


def unreadable_pointer(store: ModelStore, _: str) -> str:
    (store.root / "live").unlink()
    (store.root / "live").mkdir()
    return "IsADirectoryError"


def no_pointer(store: ModelStore, _: str) -> str:
    (store.root / "live").unlink()
    return "holds no live model"


@pytest.mark.parametrize("spoil", [damaged, removed, unreadable_pointer, no_pointer])
def test_what_cannot_be_used_is_refused_once(
    spoil: Callable[[ModelStore, str], str],
    store: ModelStore,
    follower: Follower,
    second: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    first = follower.live().model.version
    store.promote(second)
    reason = spoil(store, second)
    for _ in range(4):
        follower.check()
    assert follower.live().model.version == first
    assert follower.refused
    assert follower.refused.version in (second, "")
    assert reason in follower.refused.reason
    (line,) = caplog.records
    assert line.levelno == logging.ERROR
    assert follower.refused.reason in line.getMessage()
    assert f"{first} stays live" in line.getMessage()


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"format": 1}, "has format 1, this code reads"),
        ({"fingerprint": "other"}, "other rules for characters and words"),
        ({"weights": {}}, "no model file or is damaged"),
    ],
)
def test_file_of_other_code_is_refused(
    changes: dict[str, object],
    reason: str,
    store: ModelStore,
    follower: Follower,
    tmp_path: Path,
) -> None:
    first = follower.live().model.version
    content = joblib.load(store.root / first / "model.joblib")
    path = tmp_path / "model.joblib"
    joblib.dump({**content, **changes}, path, protocol=4)
    version = version_of(path)
    (store.root / version).mkdir()
    path.rename(store.root / version / "model.joblib")
    point_at(store, version)
    follower.check()
    assert follower.live().model.version == first
    assert follower.refused
    assert follower.refused.version == version
    assert reason in follower.refused.reason


def test_model_that_cannot_tag_is_refused(
    store: ModelStore,
    follower: Follower,
    first: str,
    second: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(_: Tagger) -> Tagger:
        raise ZeroDivisionError

    monkeypatch.setattr(live, "warm", fail)
    store.promote(second)
    follower.check()
    assert follower.live().model.version == first
    assert follower.refused
    assert "ZeroDivisionError" in follower.refused.reason


def test_mended_version_is_taken_up(
    store: ModelStore, follower: Follower, second: str
) -> None:
    path = store.root / second / "model.joblib"
    whole = path.read_bytes()
    store.promote(second)
    flip(path)
    follower.check()
    assert follower.refused
    path.unlink()
    path.write_bytes(whole)
    follower.check()
    assert follower.live().model.version == second
    assert follower.refused is None


def test_going_back_ends_the_refusal(
    store: ModelStore, follower: Follower, first: str, second: str
) -> None:
    store.promote(second)
    flip(store.root / second / "model.joblib")
    follower.check()
    assert follower.refused
    assert store.roll_back() == first
    follower.check()
    assert follower.refused is None


def test_pointer_that_can_be_read_again(
    follower: Follower, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_: ModelStore) -> live.Stamp:
        raise PermissionError(13, "Permission denied", "models/live")

    follower.check()
    with monkeypatch.context() as patch:
        patch.setattr(ModelStore, "stamp", fail)
        follower.check()
    assert follower.refused
    assert "Permission denied" in follower.refused.reason
    follower.check()
    assert follower.refused is None


class TestFollow:
    """What a worker does when it begins."""

    pytestmark = pytest.mark.usefixtures("unpolled")

    def test_it_looks_at_once(
        self, store: ModelStore, follower: Follower, first: str, second: str
    ) -> None:
        """The master that it was forked from may have begun long ago."""
        store.promote(second)
        watched = Watched()
        follower.follow(watched)
        assert watched.told == [("serves", first), ("reloaded", second)]

    def test_refusals_are_told_once(
        self, store: ModelStore, follower: Follower, first: str, second: str
    ) -> None:
        watched = Watched()
        follower.follow(watched)
        store.promote(second)
        flip(store.root / second / "model.joblib")
        follower.check()
        follower.check()
        assert watched.told == [("serves", first), ("refused",)]

    def test_it_serves_what_the_others_serve_on_with(
        self, store: ModelStore, follower: Follower, model: Model, second: str
    ) -> None:
        store.promote(second)
        third = store.add(replace(model, seeds="third"))
        store.promote(third)
        flip(store.root / third / "model.joblib")
        follower.follow()
        assert follower.live().model.version == second
        assert follower.refused
        assert follower.refused.version == third

    def test_it_begins_even_where_nothing_can_be_read(
        self, store: ModelStore, follower: Follower, first: str, second: str
    ) -> None:
        for version in (second, first, second):
            store.promote(version)
        for version in (first, second):
            flip(store.root / version / "model.joblib")
        follower.follow()
        assert follower.live().model.version == first


def test_it_polls(
    store: ModelStore,
    follower: Follower,
    second: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    ended = threading.Event()

    def sleep(seconds: float) -> None:
        pauses.append(seconds)
        if len(pauses) == 2:
            store.promote(second)
        if len(pauses) == 4:
            ended.set()
            wait_for_good()

    monkeypatch.setattr(live, "time", FakeTime(sleep))
    follower.follow()
    assert ended.wait(10)
    assert follower.live().model.version == second
    assert pauses == [live.POLL_SECONDS] * 4


def test_reload_looks_at_once(
    client: FlaskClient, store: ModelStore, first: str, second: str
) -> None:
    assert client.post("/v1/model/reload").json == {"model": first}
    store.promote(second)
    answer = client.post("/v1/model/reload")
    assert (answer.status_code, answer.json) == (200, {"model": second})
    asked = client.post("/v1/classify", json={"text": ARTICLE.text}).json
    assert asked["model"] == second


def test_readiness_tells_what_is_refused_but_not_where_it_lies(
    client: FlaskClient,
    store: ModelStore,
    first: str,
    second: str,
    caplog: pytest.LogCaptureFixture,
) -> None:
    assert client.get("/readyz").json == {"status": "ready", "model": first}
    store.promote(second)
    flip(store.root / second / "model.joblib")
    answer = client.post("/v1/model/reload").json
    assert answer["model"] == first
    assert answer["refused"]["version"] == second
    ready = client.get("/readyz")
    assert ready.status_code == 200
    assert ready.json == {
        "status": "ready",
        "model": first,
        "refused": answer["refused"],
    }
    reason = ready.json["refused"]["reason"]
    assert reason.startswith(f"{store.root.name}/{second}/model.joblib is damaged")
    assert store.root.is_absolute()
    assert str(store.root.parent) in caplog.text


@pytest.mark.parametrize("root", ["../geheim/models", "models", "."])
def test_callers_are_not_told_where_models_lie(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    follower = Follower(ModelStore(Path(root)), cast(Tagger, FakeTagger()))
    follower.check()
    assert follower.refused
    assert "geheim" not in follower.refused.reason
    assert "run `make train`" in follower.refused.reason


def test_reload_without_a_follower(
    store: ModelStore, first: str, settings: Settings, key: str
) -> None:
    tagger = Tagger(store.load(first))
    client = client_of(create_app(lambda: tagger, settings), key)
    assert client.post("/v1/model/reload").json == {"model": first}
    assert client.get("/v1/model/reload").status_code == 405


def test_requests_meet_one_version_each(
    client: FlaskClient, store: ModelStore, first: str, second: str, key: str
) -> None:
    """Threads ask while the model changes under them."""
    expected = {
        version: scores(Tagger(store.load(version))) for version in (first, second)
    }
    answers: list[tuple[str, dict[str, float]]] = []
    ended = threading.Event()

    def ask() -> None:
        own = client_of(client.application, key)
        while not ended.is_set():
            answer = own.post("/v1/classify", json={"text": ARTICLE.text}).json
            found = {one["id"]: one["score"] for one in answer["topics"]}
            answers.append((answer["model"], found))

    threads = [threading.Thread(target=ask) for _ in range(2)]
    for thread in threads:
        thread.start()
    try:
        for version in [second, first] * 2:
            store.promote(version)
            assert client.post("/v1/model/reload").json == {"model": version}
    finally:
        ended.set()
        for thread in threads:
            thread.join()
    assert {version for version, _ in answers} <= {first, second}
    assert all(found == expected[version] for version, found in answers)
    assert answers
