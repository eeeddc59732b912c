"""The project's settings with the caches of the peers, and without middleware."""

import os
from collections.abc import Collection
from pathlib import Path
from typing import Any

from skillfleet.settings import *  # noqa: F403
from skillfleet.settings import CACHELAYER as PROJECT
from skillfleet.settings import CACHES as PRODUCT
from skillfleet.settings import INSTALLED_APPS, MIDDLEWARE, VAR_DIR

SHIPPED_MIDDLEWARE = MIDDLEWARE
MIDDLEWARE = []
INSTALLED_APPS = [*INSTALLED_APPS, "cacheops"]
ROOT_URLCONF = "benchmarks.caching.urls"
WSGI_APPLICATION = "benchmarks.caching.served.application"
ALLOWED_HOSTS = ["*"]
LOGGING_CONFIG = None

VALKEY = os.environ["BENCH_VALKEY"]
Caches = dict[str, dict[str, Collection[str]]]
PLENTY = {"MAX_ENTRIES": 100_000_000}
EVERY: Caches = {
    **PRODUCT,
    "ours-memory": {**PRODUCT["default"], "OPTIONS": PLENTY},
    "ours-valkey": {
        "BACKEND": "cachelayer.backends.RedisCache",
        "LOCATION": f"{VALKEY}/1",
        "OPTIONS": {
            "FOLDER": str(Path(VAR_DIR, "cache")),
            "MAX_VALUE": 2**24,
            "TIMEOUT": 10.0,  # while a peer scans its keys, the server does not answer
            "BUDGET": 60.0,
        },
    },
    "locmem": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "OPTIONS": PLENTY,
    },
    "core-redis": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": f"{VALKEY}/2",
    },
    "django-redis": {
        "BACKEND": "django_redis.cache.RedisCache",
        "LOCATION": f"{VALKEY}/3",
    },
    "diskcache": {
        "BACKEND": "diskcache.DjangoCache",
        "LOCATION": str(Path(VAR_DIR, "diskcache")),
    },
}


def beside(alias: str) -> Caches:
    """The product's caches and this one. At the end of a request Django visits every
    configured cache, and no project has as many as there are contenders."""
    return {**PRODUCT, alias: EVERY[alias]}


def with_ours(alias: str) -> dict[str, Any]:
    """The settings for our decorators, which do not use the cache of a peer."""
    return {**PROJECT, "ALIAS": alias if alias.startswith("ours-") else "default"}


ALIAS = os.environ.get("BENCH_ALIAS", "ours-memory")
CACHES = beside(ALIAS) if "BENCH_ALIAS" in os.environ else EVERY
CACHELAYER = with_ours(ALIAS)
CACHEOPS_REDIS = f"{VALKEY}/4"
CACHEOPS: dict[str, object] = {"taxonomy.category": {"ops": (), "timeout": 300}}
