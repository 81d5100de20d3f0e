"""When and on what something is measured."""

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path


def described() -> str:
    """The day, the machine, and how busy it is."""
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {_processor()}, {os.cpu_count()} processors, "
        f"{platform.machine()}, Python {platform.python_version()}, "
        f"load {os.getloadavg()[0]:.1f} before"
    )


def _processor() -> str:
    found = re.search(
        r"^model name\s*: (.*)$", Path("/proc/cpuinfo").read_text("utf-8"), re.M
    )
    return found[1] if found else "unknown processor"
