from pathlib import Path

import pytest

from service.web.settings import Settings, SettingsError


def test_defaults() -> None:
    assert Settings.from_environment({}) == Settings()
    assert Settings().host == "127.0.0.1"


def test_every_variable_is_read() -> None:
    settings = Settings.from_environment(
        {
            "BARCHASB_MODELS": "/srv/models",
            "BARCHASB_HOST": "0.0.0.0",  # noqa: S104 - a value, nothing listens
            "BARCHASB_PORT": "9000",
            "BARCHASB_WORKERS": "4",
            "BARCHASB_MAX_BODY_BYTES": "4096",
            "BARCHASB_MAX_BATCH_BYTES": "8192",
            "BARCHASB_MAX_BATCH_ARTICLES": "10",
            "BARCHASB_CORS_ORIGINS": "https://Desk.example, http://[::1]:8080",
            "BARCHASB_KEYS": "/run/keys.json",
            "BARCHASB_ANONYMOUS": "TAG",
            "BARCHASB_RATE": "5 / Minute",
            "BARCHASB_TRUSTED_PROXIES": "10.0.0.0/8, ::1",
            "BARCHASB_QUEUE_MS": "100",
            "BARCHASB_READ_SECONDS": "5",
            "BARCHASB_LOG_LEVEL": "DEBUG",
        }
    )
    assert settings == Settings(
        models=Path("/srv/models"),
        host="0.0.0.0",  # noqa: S104 - a value, nothing listens
        port=9000,
        workers=4,
        max_body_bytes=4096,
        max_batch_bytes=8192,
        max_batch_articles=10,
        cors_origins="https://desk.example,http://[::1]:8080",
        keys=Path("/run/keys.json"),
        anonymous="tag",
        rate="5/minute",
        trusted_proxies="10.0.0.0/8,::1",
        queue_ms=100,
        read_seconds=5,
        log_level="debug",
    )


def test_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BARCHASB_PORT", "8123")
    assert Settings.from_environment().port == 8123


def test_blank_value_means_default() -> None:
    assert Settings.from_environment({"BARCHASB_PORT": " "}).port == Settings().port


@pytest.mark.parametrize(
    ("name", "value", "cure"),
    [
        ("BARCHASB_PORT", "http", "a whole number from 1 to 65535"),
        ("BARCHASB_PORT", "0", "a whole number from 1 to 65535"),
        ("BARCHASB_PORT", "70000", "a whole number from 1 to 65535"),
        ("BARCHASB_PORT", "۸۰۰۰", "a whole number from 1 to 65535"),
        ("BARCHASB_PORT", "8_000", "a whole number from 1 to 65535"),
        ("BARCHASB_PORT", "9" * 5000, "a whole number from 1 to 65535"),
        ("BARCHASB_WORKERS", "-1", "a whole number from 1 to 256"),
        ("BARCHASB_WORKERS", "1.5", "a whole number from 1 to 256"),
        ("BARCHASB_MAX_BODY_BYTES", "10", "a whole number from 1024"),
        ("BARCHASB_MAX_BATCH_ARTICLES", "0", "a whole number from 1"),
        ("BARCHASB_CORS_ORIGINS", "desk.example", "such as https://desk.example"),
        ("BARCHASB_CORS_ORIGINS", "https://a.example/", "such as https://desk.example"),
        ("BARCHASB_CORS_ORIGINS", "*,https://a.example", "to *, or unset it"),
        ("BARCHASB_ANONYMOUS", "yes", "one of none, tag"),
        ("BARCHASB_RATE", "100", "such as 100/second"),
        ("BARCHASB_RATE", "0/second", "such as 100/second"),
        ("BARCHASB_RATE", "5/week", "to off, or unset it"),
        ("BARCHASB_TRUSTED_PROXIES", "nginx", "networks such as 10.0.0.0/8"),
        ("BARCHASB_TRUSTED_PROXIES", "10.0.0.1/8", "networks such as 10.0.0.0/8"),
        ("BARCHASB_QUEUE_MS", "0", "a whole number from 1"),
        ("BARCHASB_READ_SECONDS", "0.5", "a whole number from 1"),
        ("BARCHASB_LOG_LEVEL", "loud", "one of debug, info"),
    ],
)
def test_bad_value_names_variable_and_cure(name: str, value: str, cure: str) -> None:
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment({name: value})
    assert str(caught.value).startswith(f"{name} is ")
    assert cure in str(caught.value)
    assert "\n" not in str(caught.value)
