import pytest

from benchmarks import servers
from benchmarks.servers import ServerError, serving


def test_a_server_that_does_not_start_says_why(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    variables = servers.environment(servers.ROOT)
    monkeypatch.setattr(servers, "PATIENCE", 5.0)
    with (
        pytest.raises(ServerError, match="No module named 'missing'"),
        serving("missing:application", "/", b"", variables, servers.PLAIN),
    ):
        pass
