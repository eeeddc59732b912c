"""Fixtures of the cache's tests: an empty cache, each backend, declared models."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from django.contrib.auth.models import Group

from cachelayer import invalidates, invalidation
from cachelayer.transactions import backend
from tests.cachelayer.backends import age_values, redis_cache
from tests.cachelayer.clock import Clock
from tests.cachelayer.models import BulkGroup
from tests.empty_cache import empty_cache  # noqa: F401


@pytest.fixture(autouse=True)
def cache_settings(settings, empty_cache) -> None:  # noqa: F811
    """The cache's own defaults: an audience of the project would need its users."""
    settings.CACHELAYER = {"PATH_PREFIX": "/api/v1", "STRICT_SHARED_TIER": True}


@pytest.fixture(params=["memory", pytest.param("redis", marks=pytest.mark.valkey)])
def each_backend(request, settings, cache_settings) -> str:
    """The default cache is a MemoryCache, then a RedisCache."""
    if request.param == "redis":
        url = request.getfixturevalue("valkey_url")
        folder = Path(os.environ["SKILLFLEET_VAR_DIR"])
        settings.CACHES = {**settings.CACHES, "default": redis_cache(url, folder)}
        backend().clear()
    return request.param


@pytest.fixture
def forward(request, each_backend, monkeypatch) -> Callable[[float], None]:
    """A function that lets so many seconds pass for the cache."""
    if each_backend == "memory":
        return Clock(monkeypatch).forward
    url = request.getfixturevalue("valkey_url")
    return lambda seconds: age_values(url, seconds)


@pytest.fixture
def declared_groups() -> Iterator[None]:
    """Declare that groups invalidate `/groups/{name}/*`, and `/groups/*` in bulk."""
    former = {
        model: list(declared) for model, declared in invalidation.declarations.items()
    }
    for model in (Group, BulkGroup):
        invalidates(
            model,
            lambda group: [f"/groups/{group.name}/*"],
            created=["/groups"],
            collection=["/groups/*"],
        )
    yield
    invalidation.declarations.clear()
    invalidation.declarations.update(former)
