"""Django's methods that look at what is there, exact among threads."""

from time import monotonic
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT

from cachelayer.backends.base import TagCache
from cachelayer.entries import Entry, Place
from cachelayer.stores import Store


class InProcess(TagCache):
    """Values in a Store: what one process changes, the others forget."""

    store: Store
    plain: bool
    """Entries stand under the very keys that callers write, at the usual version."""

    def add(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """Not a lock across processes: each looks at its own copies only."""
        with self.store.lock:
            if absent := not self.has_key(key, version):
                self.set(key, value, timeout, version)
            return absent

    def touch(
        self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        with self.store.lock:
            if entry := self._find(key, version):
                self.set(key, entry.load(), timeout, version)
            return entry is not None

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        with self.store.lock:
            entry = self._find(key, version)
            if entry is None:
                raise ValueError(f"Key {key!r} not found")
            value: int = entry.load() + delta
            self._replace(key, value, entry.expires_at - monotonic(), version)
            return value

    def delete(self, key: str, version: int | None = None) -> bool:
        with self.store.lock:
            found = self.has_key(key, version)
            self.retire([self.tag_of(key, version)])
            self.validate_key(self.make_key(key, version))
            self.store.drop(self._place(key, version))
            return found

    def _find(self, key: str, version: int | None) -> Entry | None:
        place = self._place(key, version)
        return None if self.out_of_service() else self.store.find(place)

    def _place(self, key: str, version: int | None) -> Place:
        """Nothing has to be made for the keys that most calls mean."""
        if self.plain and version in (None, self.version):
            return str(key)
        return (self.make_key(key, version),)
