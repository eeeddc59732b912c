"""The hit ratio of each eviction policy, on reproducible traces."""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import accumulate, chain, count, cycle, islice
from random import Random
from tempfile import mkdtemp

from django.conf import settings
from django.core.cache.backends.locmem import LocMemCache

from benchmarks.caching.scale import Scale
from benchmarks.page import table
from cachelayer.backends import MemoryCache
from cachelayer.backends.memory import POLICY

KEYS, ROOM = 10_000, 1_000
LOOP = ROOM * 6 // 5
EVERY, PASS = 10_000, 2_000
Recall = Callable[[str], bool]
"""Look a key up, store it if it is missing, and return whether it was a hit."""


def zipf(lookups: int) -> Iterator[int]:
    """Key n is requested n times less often than the first key."""
    weights = list(accumulate(1 / rank for rank in range(1, KEYS + 1)))
    return iter(Random(1).choices(range(KEYS), cum_weights=weights, k=lookups))


def scan(lookups: int) -> Iterator[int]:
    """Like `zipf`, but after each 10,000 requests 2,000 other keys are requested
    once."""
    requested, fresh = zipf(lookups), count(KEYS)
    lots = lookups // (EVERY + PASS) + 1
    mixed = (chain(islice(requested, EVERY), islice(fresh, PASS)) for _ in range(lots))
    return islice(chain.from_iterable(mixed), lookups)


def loop(lookups: int) -> Iterator[int]:
    """The same keys in turn, a fifth more than fit into the cache."""
    return islice(cycle(range(LOOP)), lookups)


TRACES: dict[str, Callable[[int], Iterator[int]]] = {
    "zipf": zipf,
    "scan": scan,
    "loop": loop,
}


def ours(policy: str) -> Recall:
    options = {"MAX_ENTRIES": ROOM, "EVICTION_POLICY": policy}
    cache = MemoryCache(mkdtemp(dir=settings.VAR_DIR), {"OPTIONS": options})

    def recall(key: str) -> bool:
        token, entry = cache.lookup(key)
        if entry is None:
            cache.fill(key, 1, token=token, slots=(), ttl=600, tier="endpoint")
        return entry is not None

    return recall


def locmem() -> Recall:
    options = {"OPTIONS": {"MAX_ENTRIES": ROOM}}
    cache = LocMemCache(mkdtemp(dir=settings.VAR_DIR), options)

    def recall(key: str) -> bool:
        hit = cache.get(key) is not None
        if not hit:
            cache.set(key, 1, 600)
        return hit

    return recall


def cachetools(name: str) -> Recall:
    import cachetools as peer

    cache = getattr(peer, name)(ROOM)

    def recall(key: str) -> bool:
        hit = cache.get(key) is not None
        if not hit:
            cache[key] = 1
        return hit

    return recall


CONTENDERS: dict[str, Callable[[], Recall]] = {
    **{f"**MemoryCache {each}**": partial(ours, each) for each in POLICY},
    **{
        f"cachetools {each}Cache": partial(cachetools, f"{each}Cache")
        for each in ("LRU", "LFU", "FIFO")
    },
    "LocMemCache": locmem,
}


def hit_ratio(recall: Recall, trace: Iterator[int], lookups: int) -> float:
    return sum(recall(f"/values/{number}") for number in trace) / lookups


def section(scale: Scale) -> Iterator[str]:
    rows = (
        [name]
        + [
            f"{hit_ratio(make(), trace(scale.lookups), scale.lookups):.1%}"
            for trace in TRACES.values()
        ]
        for name, make in CONTENDERS.items()
    )
    yield from table(["", *TRACES], rows)
