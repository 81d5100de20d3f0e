import pytest

from benchmarks import siege


def test_unknown_assault_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        siege.main(["soak", "rain"])
    assert "there is no assault rain" in capsys.readouterr().err
