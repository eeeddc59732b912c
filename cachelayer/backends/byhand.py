"""Django's methods that look at what is there, exact among hosts."""

from collections.abc import Iterable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT

from cachelayer.backends.base import TagCache
from cachelayer.entries import Found
from cachelayer.remote.stores import Change, RemoteStore
from cachelayer.remote.writers import KEEP
from cachelayer.stamps import slot


class ByHand(TagCache):
    """Values in a RemoteStore: what another host stores in between is seen."""

    store: RemoteStore

    def add(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """A lock for all hosts, while the server answers; False when it does not."""
        self.validate_key(self.make_key(key, version))
        ttl = self._ttl(timeout)
        return self._swap(key, version, lambda found: None if found else (value, ttl))

    def touch(
        self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        ttl = self._ttl(timeout)
        return self._swap(
            key, version, lambda found: (found.load(), ttl) if found else None
        )

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """Exact among hosts; the time to live stays."""
        values: list[int] = []

        def raised(found: Found | None) -> tuple[int, float] | None:
            if found is None:
                return None
            values.append(found.load() + delta)
            return values[-1], KEEP

        if not self._swap(key, version, raised):
            raise ValueError(f"Key {key!r} not found")
        return values[-1]

    def get_many(
        self, keys: Iterable[str], version: int | None = None
    ) -> dict[str, Any]:
        """In one round trip."""
        made = {self.make_key(key, version): key for key in keys}
        fresh = self.store.look(
            {name: self._slots(key, version) for name, key in made.items()}
        ).fresh
        for name in made:
            self.count("raw", "hits" if name in fresh else "misses")
        return {made[name]: entry.load() for name, entry in fresh.items()}

    def delete(self, key: str, version: int | None = None) -> bool:
        found = self.has_key(key, version)
        self.delete_many([key], version)
        return found

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        """In one round trip."""
        every = list(keys)
        if every:
            self.store.drop(
                {
                    self.make_and_validate_key(key, version): self._own(key, version)
                    for key in every
                }
            )

    def _own(self, key: str, version: int | None) -> int:
        return slot(self.tag_of(key, version))

    def _swap(self, key: str, version: int | None, change: Change) -> bool:
        made, slots = self.make_key(key, version), self._slots(key, version)
        return self.store.swap(made, slots, self._own(key, version), change)
