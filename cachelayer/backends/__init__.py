"""Django cache backends whose entries are invalidated by tag."""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from cachelayer.backends.base import TagCache
from cachelayer.backends.memory import MemoryCache

if TYPE_CHECKING:
    from cachelayer.backends.redis import RedisCache

__all__ = ["MemoryCache", "RedisCache", "TagCache"]


def __getattr__(name: str) -> Any:
    """Import the Redis client, which takes a tenth of a second, only where it is used
    (PEP 562)."""
    if name == "RedisCache":
        return import_module("cachelayer.backends.redis").RedisCache
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
