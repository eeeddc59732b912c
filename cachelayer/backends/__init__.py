"""Django cache backends whose entries retire by tag."""

from cachelayer.backends.memory import MemoryCache

__all__ = ["MemoryCache"]
