"""An empty cache for each test; each test worker has a stamp file of its own."""

from collections.abc import Iterator

import pytest
from django.conf import settings as project

from cachelayer.backends import MemoryCache
from cachelayer.transactions import backend


@pytest.fixture(autouse=True)
def empty_cache(settings) -> Iterator[None]:
    """Empty the cache before and after the test.

    A view of a shared tier that reads its user raises. Nothing is counted by route,
    because the log would warn about the misses of other tests.
    """
    settings.CACHELAYER = {
        **project.CACHELAYER,
        "STRICT_SHARED_TIER": True,
        "STATISTICS_FOLDER": "",
    }
    cache = backend()
    if isinstance(cache, MemoryCache):
        cache.stamps.postpone_refresh(60)  # no refresh may query the database of a test
    cache.clear()
    yield
    cache.clear()
