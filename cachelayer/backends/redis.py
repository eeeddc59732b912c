"""RedisCache: values and stamps in one server, shared by hosts."""

from collections.abc import Iterable
from typing import Any

from django.core.cache.backends.base import DEFAULT_TIMEOUT

from cachelayer import keys
from cachelayer.backends.base import TagCache, Token
from cachelayer.entries import Found
from cachelayer.redis.client import RemoteLimits
from cachelayer.redis.values import (
    KEEP,
    Change,
    RemoteStore,
    pack,
    remote_store_at,
    take,
)
from cachelayer.stamps import slot
from cachelayer.stats import warnings_about


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


class RedisCache(ByHand):
    """LOCATION: the URL of a Valkey or Redis ≥ 6.2, the same for all hosts.

    OPTIONS: PREFIX of all keys; FOLDER of this host; TIMEOUT of one wait, BUDGET of
    all slow waits of a request, RETRY between attempts while the server is away, in
    seconds; MAX_VALUE in bytes: what is longer is not stored.
    Values are bytes, what JSON gives back as it was, or responses; others raise
    Unstorable, a TypeError. What the server does not answer is a miss.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        limits = RemoteLimits.of(params.get("OPTIONS", {}))
        self.store = remote_store_at(str(location), limits)

    def token(self) -> Token | None:
        return self.store.look({}).token

    def lookup(
        self, key: str, version: int | None = None
    ) -> tuple[Token | None, Found | None]:
        made = self.make_key(key, version)
        seen = self.store.look({made: self._slots(key, version)})
        return seen.token, seen.fresh.get(made)

    def invalidate_tags(self, tags: Iterable[str]) -> Token | None:
        return self.store.bump(set(map(slot, tags)))

    def invalidate_all(self) -> None:
        self.store.bump(None)

    def count(self, tier: str, event: str) -> None:
        self.store.counters.add(tier, event)

    def out_of_service(self) -> bool:
        """The server is away, or something is still to be retired there."""
        return not self.store.link.readable()

    def why_out_of_service(self) -> str:
        return self.store.link.reason

    def host_figures(self) -> dict[str, Any]:
        """Without sizes, which would be a walk over the server's keys."""
        found = self.store.counters.of_host()
        return {name: found[name] for name in found.keys() - {"size", "bytes"}}

    def get_stats(self) -> dict[str, Any]:
        """As of MemoryCache; `size` and `bytes` of all hosts, None while it is away."""
        counters = self.store.counters
        found, sizes = counters.of_process(), take(self.store)
        in_server = {"size": sizes["size"], "bytes": sizes["bytes"]}
        return {
            **found,
            **sizes,
            "max_value": self.store.limits.max_value,
            "host": {**counters.of_host(), **in_server},
            "warnings": warnings_about(found),
        }

    def clear(self) -> None:
        """Retire everything under the prefix; the server drops it when it expires."""
        self.invalidate_tags([keys.ROOT])

    def close(self, **_: Any) -> None:
        """Django calls it after each request: the connections stay for the next."""
        self.store.link.budget.renew()

    def _find(self, key: str, version: int | None) -> Found | None:
        return self.lookup(key, version)[1]

    def _replace(
        self, key: str, value: Any, ttl: float | None, version: int | None
    ) -> bool:
        made = self.make_and_validate_key(key, version)
        slots, own = self._slots(key, version), self._own(key, version)
        return bool(self.store.put(made, pack(value), ttl, own=own, slots=slots))

    def _store(
        self,
        key: str,
        value: Any,
        token: Token | None,
        ttl: float | None,
        *,
        version: int | None = None,
        slots: Iterable[int] = (),
        tier: str = "raw",
    ) -> bool:
        packed, every = pack(value), self._slots(key, version) | set(slots)
        made = self.make_key(key, version)
        return token is not None and self.store.fill(
            made, packed, token, ttl, tier=tier, slots=every
        )
