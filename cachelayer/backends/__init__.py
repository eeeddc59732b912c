"""Django cache backends whose entries are invalidated by tag."""

from cachelayer.backends.base import TagCache
from cachelayer.backends.memory import MemoryCache
from cachelayer.backends.redis import RedisCache

__all__ = ["MemoryCache", "RedisCache", "TagCache"]
