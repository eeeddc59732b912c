"""The two backends under test: the project's MemoryCache, and a RedisCache."""

import os
from pathlib import Path
from typing import Any

LEG = os.environ.get("SKILLFLEET_TEST_LEG", "")
WORKER = LEG + os.environ.get("PYTEST_XDIST_WORKER", "main")
PATIENT = {
    "TIMEOUT": 5.0,
    "BUDGET": 20.0,
}  # a slow machine must not look like an outage


def redis_cache(url: str, folder: Path, **options: Any) -> dict[str, Any]:
    """An entry of CACHES whose keys have a prefix of this test worker alone."""
    own = {"PREFIX": f"tests:{WORKER}:", "FOLDER": str(folder / "redis")}
    return {
        "BACKEND": "cachelayer.backends.RedisCache",
        "LOCATION": url,
        "OPTIONS": {**own, **PATIENT, **options},
    }


def age_values(url: str, seconds: float) -> None:
    """Shorten the lifetime of every value of this test worker by so many seconds."""
    from redis import Redis  # every process imports this module with its settings

    with Redis.from_url(url) as client:
        for name in client.scan_iter(f"tests:{WORKER}:value:*"):
            remaining = client.pttl(name)
            if remaining > 0:
                client.pexpire(name, max(0, remaining - int(seconds * 1000)))
