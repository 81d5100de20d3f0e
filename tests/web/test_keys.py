"""API keys: on the command line, on disk, and in use."""

import json
import os
import re
import stat
import threading
import time
from pathlib import Path

import pytest

from service import cli
from service.web import keys
from service.web.keys import KeyFile, KeyRing, KeysError, require_choice
from service.web.settings import Settings, SettingsError

ANYWHERE = "0.0.0.0"  # noqa: S104 - a value, nothing listens


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "folder" / "keys.json"


@pytest.fixture
def file(path: Path) -> KeyFile:
    return KeyFile(path)


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Has a ring look at its file every time."""
    monkeypatch.setattr(keys, "_EVERY_SECONDS", 0.0)


def test_command_prints_a_key_once_and_keeps_its_digest(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--keys", str(path)]
    assert cli.main(["key", "make", "desk", *options]) == 0
    shown = capsys.readouterr().out.strip()
    assert re.fullmatch(r"barchasb_[\w-]{43}", shown)
    kept = path.read_text("utf-8")
    assert shown not in kept
    assert shown.removeprefix("barchasb_") not in kept
    assert [key["name"] for key in json.loads(kept)] == ["desk"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


def test_command_lists_and_revokes(
    path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--keys", str(path)]
    for name, scopes in (("desk", []), ("ops", ["--scope=admin", "--scope=tag"])):
        made = [f"{one}" for one in scopes]
        assert cli.main(["key", "make", name, *made, *options]) == 0
    assert cli.main(["key", "revoke", "desk", *options]) == 0
    capsys.readouterr()
    assert cli.main(["key", "list", *options]) == 0
    today = r"\d{4}-\d\d-\d\d"
    assert re.fullmatch(
        rf"desk  tag             made {today}  revoked {today}\n"
        rf"ops   tag,admin       made {today}\n",
        capsys.readouterr().out,
    )


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["make", "desk"], "there is a key 'desk'; revoke it or use another"),
        (["make", "a b"], "'a b' is no name for a key"),
        (["revoke", "sport"], "there is no key 'sport'; see `barchasb key list`"),
    ],
)
def test_command_tells_what_cannot_be(
    path: Path,
    file: KeyFile,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    words: str,
) -> None:
    file.make("desk", ("tag",))
    assert cli.main(["key", *arguments, "--keys", str(path)]) == 1
    assert capsys.readouterr().err.startswith(f"barchasb: {words}")


def test_link_stays_a_link(path: Path, file: KeyFile, tmp_path: Path) -> None:
    """Who reads the file that it leads to, reads what was revoked by the link."""
    link = tmp_path / "keys.json"
    link.symlink_to(path)
    KeyFile(link).make("desk", ("tag",))
    KeyFile(link).revoke("desk")
    assert link.is_symlink()
    (key,) = file.read()
    assert key.revoked


def test_name_is_free_again_once_revoked(file: KeyFile) -> None:
    file.make("desk", ("tag",))
    file.revoke("desk")
    file.make("desk", ("tag",))
    assert [bool(key.revoked) for key in file.read()] == [True, False]


@pytest.mark.parametrize("content", [b"", b"{}", b"[{}]", b'["\xff"]', b"[1"])
def test_other_file_is_no_file_of_keys(
    path: Path, file: KeyFile, content: bytes
) -> None:
    path.parent.mkdir()
    path.write_bytes(content)
    with pytest.raises(KeysError, match="is not a file of keys; restore it"):
        file.read()
    with pytest.raises(KeysError):
        file.make("desk", ("tag",))
    assert path.read_bytes() == content


def test_folder_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(KeysError, match="cannot be read"):
        KeyFile(tmp_path).read()


def test_two_who_make_keys_at_once_lose_none(file: KeyFile) -> None:
    def make(number: int) -> None:
        file.make(f"desk-{number}", ("tag",))

    threads = [threading.Thread(target=make, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(file.read()) == 8


def test_write_that_fails_leaves_the_file(
    path: Path, file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    file.make("desk", ("tag",))
    before = path.read_bytes()

    def fail(_number: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(KeysError, match=r"No space left on device.*make room"):
        file.make("sport", ("tag",))
    with pytest.raises(KeysError, match=f"{path} cannot be written"):
        file.revoke("desk")
    assert path.read_bytes() == before
    assert [one.name for one in path.parent.iterdir()] == ["keys.json"]


def test_key_that_cannot_be_shown_opens_nothing(
    file: KeyFile, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_line: str) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("service.key_cli.write_line", fail)
        assert cli.main(["key", "make", "desk", "--keys", str(path)]) == 1
    assert [key.revoked is None for key in file.read()] == [False]
    file.make("desk", ("tag",))


@pytest.mark.usefixtures("at_once")
@pytest.mark.parametrize("content", [None, b"[]"])
def test_ring_keeps_its_keys_where_the_file_is_gone(
    content: bytes | None,
    path: Path,
    file: KeyFile,
    caplog: pytest.LogCaptureFixture,
) -> None:
    shown = file.make("desk", ("tag",))
    ring = KeyRing(file)
    path.unlink()
    if content is not None:
        path.write_bytes(content)
    assert ring.find(shown) is not None
    assert not ring.is_empty
    assert len(caplog.records) == 1
    file.make("sport", ("tag",))
    assert ring.find(shown) is None


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
@pytest.mark.parametrize("is_there", [True, False])
def test_what_root_writes_is_for_whom_it_was(
    path: Path, file: KeyFile, is_there: bool
) -> None:
    path.parent.mkdir()
    os.chown(path.parent, 10001, 10002)
    if is_there:
        file.make("desk", ("tag",))
        os.chown(path.parent, 0, 0)
    file.make("sport", ("tag",))
    written = path.stat()
    assert (written.st_uid, written.st_gid) == (10001, 10002)
    assert written.st_mode & 0o777 == 0o600


@pytest.mark.usefixtures("at_once")
def test_ring_reads_a_file_that_it_may_read_again(
    path: Path, file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = file.make("desk", ("tag",))
    ring = KeyRing(file)
    file.revoke("desk")

    def fail(_path: Path) -> bytes:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", fail)
        assert ring.find(shown) is not None
    path.chmod(0o640)
    assert ring.find(shown) is None


@pytest.mark.usefixtures("at_once")
def test_ring_follows_the_file(file: KeyFile) -> None:
    ring = KeyRing(file)
    assert ring.is_empty
    shown = file.make("desk", ("tag",))
    found = ring.find(shown)
    assert found is not None
    assert (found.name, found.scopes) == ("desk", ("tag",))
    file.revoke("desk")
    assert ring.find(shown) is None
    assert not ring.is_empty


def test_ring_looks_once_a_second(
    file: KeyFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = time.monotonic()
    monkeypatch.setattr(time, "monotonic", lambda: now)
    ring = KeyRing(file)
    shown = file.make("desk", ("tag",))
    assert ring.find(shown) is None
    monkeypatch.setattr(time, "monotonic", lambda: now + 1.0)
    assert ring.find(shown)


@pytest.mark.parametrize("shown", ["", "barchasb_", "desk", "\udcff", "برق"])
def test_ring_knows_no_other_key(file: KeyFile, shown: str) -> None:
    file.make("desk", ("tag",))
    assert KeyRing(file).find(shown) is None


def test_digest_opens_nothing(file: KeyFile) -> None:
    file.make("desk", ("tag",))
    assert KeyRing(file).find(file.read()[0].sha256) is None


@pytest.mark.usefixtures("at_once")
def test_ring_keeps_its_keys_where_the_file_is_damaged(
    path: Path, file: KeyFile, caplog: pytest.LogCaptureFixture
) -> None:
    shown = file.make("desk", ("tag",))
    ring = KeyRing(file)
    path.write_bytes(b"[")
    assert ring.find(shown)
    assert ring.find(shown)
    assert caplog.text.count("the keys read before stay in use") == 1


def test_all_keys_are_compared(file: KeyFile, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = [file.make(f"desk-{number}", ("tag",)) for number in range(3)]
    compared: list[str] = []

    def compare(one: str, other: str) -> bool:
        compared.append(one)
        return one == other

    monkeypatch.setattr("hmac.compare_digest", compare)
    assert KeyRing(file).find(shown[0])
    assert len(compared) == 3


@pytest.mark.parametrize("host", [ANYWHERE, "::", "192.0.2.1", "barchasb.example"])
def test_other_address_needs_a_choice(path: Path, file: KeyFile, host: str) -> None:
    settings = Settings(keys=path)
    with pytest.raises(SettingsError) as caught:
        require_choice(settings, [host])
    assert host in str(caught.value)
    assert "barchasb key make" in str(caught.value)
    assert "BARCHASB_ANONYMOUS" in str(caught.value)
    require_choice(Settings(keys=path, anonymous="tag"), [host])
    file.make("desk", ("tag",))
    require_choice(settings, [host])
    file.revoke("desk")
    with pytest.raises(SettingsError):
        require_choice(settings, [host])


@pytest.mark.parametrize("host", ["127.0.0.1", "127.1.2.3", "::1", "localhost"])
def test_this_machine_needs_none(path: Path, host: str) -> None:
    require_choice(Settings(keys=path), [host])


def test_proxy_that_speaks_for_others_needs_a_choice(path: Path) -> None:
    settings = Settings(keys=path, trusted_proxies="127.0.0.1")
    with pytest.raises(SettingsError, match=r"BARCHASB_TRUSTED_PROXIES, 127\.0\.0\.1,"):
        require_choice(settings, ["127.0.0.1"])
    anyone = Settings(keys=path, trusted_proxies="127.0.0.1", anonymous="tag")
    require_choice(anyone, ["127.0.0.1"])


def test_damaged_keys_are_told_at_start(path: Path) -> None:
    path.parent.mkdir()
    path.write_bytes(b"[")
    with pytest.raises(SettingsError, match="is not a file of keys"):
        require_choice(Settings(keys=path), ["127.0.0.1"])
