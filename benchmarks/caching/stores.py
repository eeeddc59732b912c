"""Caches with many keys, filled and invalidated by the means of each contender.

The keys are `/skills/{group}/{number}`, ten in a group; a pattern covers one group.
"""

import re
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from tempfile import mkdtemp

from django.core.cache.backends.locmem import LocMemCache
from redis import Redis

from benchmarks.caching.settings import VALKEY, VAR_DIR
from cachelayer.backends import MemoryCache, RedisCache

GROUP = 10
VALUE = b"a value of some bytes"
LOT = 10_000
DAY = 86_400
Invalidate = Callable[[int], object]
"""A function that invalidates one group."""


def keys(count: int) -> Iterator[str]:
    return (f"/skills/{number // GROUP}/{number}" for number in range(count))


def folder() -> str:
    return mkdtemp(dir=VAR_DIR)


def memory(count: int) -> Invalidate:
    limits = {"MAX_ENTRIES": 4 * count, "MAX_BYTES": 2**40}
    cache = MemoryCache(folder(), {"OPTIONS": limits})
    token = cache.token()
    for key in keys(count):
        cache.fill(key, VALUE, token=token, slots=(), ttl=DAY, tier="endpoint")
    return lambda group: cache.invalidate_pattern(f"/skills/{group}/*")


def valkey(count: int) -> Invalidate:
    """A RedisCache whose keys all have the same value, because no value is read."""
    prefix, url = f"ours{count}:", f"{VALKEY}/5"
    options = {"FOLDER": folder(), "PREFIX": prefix, "TIMEOUT": 60.0, "BUDGET": 600.0}
    cache = RedisCache(url, {"OPTIONS": options})
    cache.set("/skills/0/0", VALUE, DAY)
    made = cache.make_key("/skills/0/0")
    stored = raw(url).get(cache.store.name(made))
    assert stored is not None
    store_raw(
        url, [cache.store.name(cache.make_key(key)) for key in keys(count)], stored
    )
    return lambda group: cache.invalidate_pattern(f"/skills/{group}/*")


def expression(count: int) -> Invalidate:
    """A common extension of LocMemCache: a regular expression over its keys."""
    cache = LocMemCache(
        f"invalidation-{count}", {"OPTIONS": {"MAX_ENTRIES": 4 * count}}
    )
    for key in keys(count):
        cache.set(key, VALUE, DAY)
    entries = cache._cache  # type: ignore[attr-defined]

    def invalidate(group: int) -> None:
        requested = re.compile(f":1:/skills/{group}/")
        for key in [key for key in entries if requested.match(key)]:
            cache.delete(key.removeprefix(":1:"))

    return invalidate


def django_redis(count: int) -> Invalidate:
    from django_redis.cache import RedisCache as Peer

    prefix, url = f"theirs{count}", f"{VALKEY}/{6 + len(str(count))}"
    cache = Peer(url, {"KEY_PREFIX": prefix})
    cache.set("/skills/0/0", VALUE, DAY)
    stored = raw(url).get(str(cache.make_key("/skills/0/0")))
    assert stored is not None
    store_raw(url, [str(cache.make_key(key)) for key in keys(count)], stored)
    return lambda group: cache.delete_pattern(f"/skills/{group}/*")


def diskcache(count: int) -> Invalidate:
    from diskcache import Cache

    cache = Cache(str(Path(folder(), "diskcache")), tag_index=True, size_limit=2**40)
    numbers = iter(enumerate(keys(count)))
    while lot := list(islice(numbers, LOT)):
        with cache.transact():
            for number, key in lot:
                cache.set(key, VALUE, expire=DAY, tag=str(number // GROUP))
    return lambda group: cache.evict(str(group))


def cacheops(count: int) -> Invalidate:
    """Results that depend on one category each; cacheops deletes those on its lists."""
    from cacheops import cached_as, invalidate_obj

    from taxonomy.models import Category

    for number in range(count):
        sample = Category.objects.filter(pk=number // GROUP)
        cached_as(sample, timeout=DAY, extra=number)(lambda: VALUE)()
    return lambda group: invalidate_obj(Category(pk=group, path="x"))


def raw(url: str) -> Redis:
    return Redis.from_url(url)


def store_raw(url: str, names: list[str], stored: bytes | str) -> None:
    """Store many keys in few round trips."""
    client = raw(url)
    for start in range(0, len(names), LOT):
        client.mset(dict.fromkeys(names[start : start + LOT], stored))
