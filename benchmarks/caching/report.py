"""The parts of the section, in the page's order."""

from collections.abc import Callable, Iterator

from benchmarks.caching import operations, peers
from benchmarks.caching.scale import Scale


def operations_part(scale: Scale) -> Iterator[str]:
    yield "\n### Operations\n"
    yield "Times of one call; in parentheses how many times ours of the same table."
    yield "\n#### Values in the process"
    yield from operations.section(operations.measure(peers.memory_caches(), scale))
    yield "¹ The caller's own object: whoever changes it changes the cache."
    yield "\n#### Values in a server or a file"
    yield from operations.section(operations.measure(peers.remote_caches(), scale))


PARTS: dict[str, Callable[[Scale], Iterator[str]]] = {"operations": operations_part}
