import sys

import pytest

from benchmarks.engines import measured


def test_command_is_measured_with_all_that_it_starts() -> None:
    code = "import time; held = bytearray(b'x') * 50_000_000; time.sleep(0.5)"
    start = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    seconds, most = measured([sys.executable, "-c", start], {})
    assert seconds > 0.5
    assert most > 50_000_000


def test_command_that_fails_is_told() -> None:
    with pytest.raises(Exception, match="returned non-zero exit status 3"):
        measured([sys.executable, "-c", "raise SystemExit(3)"], {})
