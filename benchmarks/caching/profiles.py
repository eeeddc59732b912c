"""The parts of a hit: in a DRF view by sampling, in a backend call by call."""

from collections import Counter
from collections.abc import Callable, Iterator
from typing import Any

from django.core.cache import caches
from pyinstrument import Profiler

from benchmarks.caching import tree
from benchmarks.caching.contenders import CONTENDERS, SHIPPED_HIT, token
from benchmarks.caching.requests import asking
from benchmarks.caching.scale import Scale
from benchmarks.page import duration, table
from benchmarks.rounds import Call, interleaved, median, per_call

PROFILED = ("MemoryCache", SHIPPED_HIT)
INTERVAL = 0.0001
STAGES = {
    ("handlers/base.py", "resolve_request"): "Django: URL resolving",
    ("rest_framework/views.py", "initialize_request"): "DRF: its own request",
    ("rest_framework/views.py", "perform_content_negotiation"): "DRF: negotiation",
    ("rest_framework/views.py", "perform_authentication"): "DRF: authentication",
    ("rest_framework/views.py", "check_permissions"): "DRF: permissions",
    ("rest_framework/views.py", "check_throttles"): "throttles",
    ("cachelayer/decorators.py", "call"): "**cachelayer: the key**",
    ("cachelayer/decorators.py", "find"): "**cachelayer: the look-up**",
    ("cachelayer/decorators.py", "cached_value"): "**cachelayer: the response**",
    ("http/response.py", "close"): "Django: the end of the request",
}
REST = "the rest of DRF, Django and the middleware"


def stage_of(frame: Any) -> str | None:
    for (path, function), stage in STAGES.items():
        if frame.function == function and (frame.file_path or "").endswith(path):
            return stage
    return None


def shares(frame: Any) -> Counter[str]:
    """Seconds by stage, including everything that the stage calls."""
    stage = stage_of(frame)
    if stage is not None:
        return Counter({stage: frame.time})
    results: Counter[str] = Counter()
    for child in frame.children:
        results.update(shares(child))
    results[REST] += frame.time - sum(child.time for child in frame.children)
    return results


def profiled(ask: Call, seconds: float) -> dict[str, float]:
    """The share of each stage in the time of a request."""
    ask()
    time_one = per_call(ask, 0.05)()
    profiler = Profiler(interval=INTERVAL, async_mode="disabled")
    with profiler:
        for _ in range(int(seconds / time_one)):
            ask()
    assert profiler.last_session is not None
    results = shares(profiler.last_session.root_frame())
    return {stage: spent / results.total() for stage, spent in results.items()}


def requests_section(scale: Scale) -> Iterator[str]:
    tree.plant()
    secret = token()
    asks = (asking(CONTENDERS[name], secret) for name in PROFILED)
    results = [profiled(ask, scale.seconds * 100) for ask in asks]
    rows = (
        [stage, *(f"{each.get(stage, 0):.0%}" for each in results)]
        for stage in (*STAGES.values(), REST)
    )
    yield from table(["", *PROFILED], rows)


def backend_section(scale: Scale) -> Iterator[str]:
    """A `get` of 20 KB, and each of its parts measured alone."""
    ours: Any = caches["ours-memory"]
    locmem = caches["locmem"]
    key, value = "/profiled/1", bytes(20_000)
    for each in (ours, locmem):
        each.set(key, value)

    def invalidate() -> None:
        ours.invalidate_tags(["/something/else"])

    def after_an_invalidation() -> None:
        invalidate()
        ours.get(key)

    parts: dict[str, Call] = {
        "**MemoryCache `get`**": lambda: ours.get(key),
        "an invalidation of something else, then `get`": after_an_invalidation,
        "the invalidation alone": invalidate,
        "LocMemCache `get`": lambda: locmem.get(key),
        "a call of nothing": lambda: None,
    }
    timers: dict[str, Callable[[], float]] = {
        name: per_call(call, scale.seconds) for name, call in parts.items()
    }
    results = interleaved(timers, scale.rounds)
    yield from table(
        ["", "one call"],
        ([name, duration(median(results[name]), ours=True)] for name in parts),
    )
