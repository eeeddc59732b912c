"""The machine and the date of a measurement, as the page shows them."""

import os
import platform
import re
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path


def description(packages: tuple[str, ...] = ("django", "djangorestframework")) -> str:
    versions = ", ".join(f"{name} {version(name)}" for name in packages)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {processor()}, {os.cpu_count()} cores, "
        f"{platform.system()} {platform.release()}, "
        f"Python {platform.python_version()}, {versions}."
    )


def processor() -> str:
    cpuinfo = Path("/proc/cpuinfo")
    text = cpuinfo.read_text() if cpuinfo.exists() else ""
    match = re.search(r"model name\s*: (.+)", text)
    return match[1] if match else platform.machine()


class Load:
    """The load of the machine during the measurement, ours included."""

    def __init__(self) -> None:
        self._begun = os.getloadavg()[0]

    def remark(self) -> str:
        """The load averages before and after; one of them is our own process."""
        before, after = self._begun, os.getloadavg()[0]
        busy = before > 0.5 or after > (os.cpu_count() or 1) + 0.5
        idle = "**It was not idle**: trust the ratios" if busy else "It was idle else"
        return f"{idle} (load {before:.1f} before, {after:.1f} after)."
