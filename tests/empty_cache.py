"""A cache of its own for each test: one stamp file per xdist worker, emptied."""

from collections.abc import Iterator

import pytest
from django.conf import settings as project

from cachelayer.backends import MemoryCache
from cachelayer.transactions import backend


@pytest.fixture(autouse=True)
def empty_cache(settings) -> Iterator[None]:
    """Strict: a view of a shared tier that looks at its user raises. Nothing is
    counted by route, or tests would meet the log's warning of each other's misses."""
    settings.CACHELAYER = {
        **project.CACHELAYER,
        "STRICT_SHARED_TIER": True,
        "STATISTICS_FOLDER": "",
    }
    cache = backend()
    if isinstance(cache, MemoryCache):
        cache.stamps.postpone_refresh(60)  # the database is for tests, not for requests
    cache.clear()
    yield
    cache.clear()
