"""The parts of the section, in the order of the page."""

from collections.abc import Callable, Iterator

from benchmarks.caching import (
    coldkey,
    coldpeers,
    invalidation,
    operations,
    peers,
    policies,
    profiles,
    requests,
    serving,
)
from benchmarks.caching.scale import Scale


def operations_part(scale: Scale) -> Iterator[str]:
    yield "Times of one call; in parentheses how many times ours of the same table."
    yield "\n#### Values in the process"
    yield from operations.section(operations.measure(peers.memory_caches(), scale))
    yield "¹ The caller's own object: whoever changes it changes the cache."
    yield "\n#### Values in a server or a file"
    yield from operations.section(operations.measure(peers.remote_caches(), scale))


def requests_part(scale: Scale) -> Iterator[str]:
    yield "From the WSGI call to the end of the body; middleware in the last two alone."
    yield from requests.section(requests.measure(scale))


def serving_part(scale: Scale) -> Iterator[str]:
    yield "wrk itself takes its share of the cores."
    yield from serving.section(serving.measure(scale))


def invalidation_part(scale: Scale) -> Iterator[str]:
    yield "Ten keys of so many; in parentheses how many times MemoryCache's."
    yield from invalidation.section(invalidation.measure(scale), scale)


def cold_key_part(scale: Scale) -> Iterator[str]:
    yield f"The computation waits for {coldpeers.COMPUTING * 1000:.0f} ms."
    yield from coldkey.section(scale)


def policies_part(scale: Scale) -> Iterator[str]:
    yield (
        f"{scale.lookups:,} look-ups, {policies.KEYS:,} keys, room for "
        f"{policies.ROOM:,}. *zipf*: key n is requested n times less often than the "
        f"first. *scan*: the same, and after each {policies.EVERY:,} a pass over "
        f"{policies.PASS:,} keys that come once. *loop*: {policies.LOOP:,} keys, "
        "over and over. The traces are seeded: one run is every run."
    )
    yield from policies.section(scale)


def profile_part(scale: Scale) -> Iterator[str]:
    yield "The taxonomy again, in process, sampled; each stage with all it calls."
    yield from profiles.requests_section(scale)
    yield "A `get` of 20 KB of bytes:"
    yield from profiles.backend_section(scale)


PARTS: dict[str, Callable[[Scale], Iterator[str]]] = {
    "operations": operations_part,
    "requests": requests_part,
    "serving": serving_part,
    "invalidation": invalidation_part,
    "cold-key": cold_key_part,
    "policies": policies_part,
    "profile": profile_part,
}
