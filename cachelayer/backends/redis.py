"""RedisCache: values and stamps in one server, shared by hosts."""

from collections.abc import Iterable
from typing import Any

from cachelayer import patterns
from cachelayer.backends.byhand import ByHand
from cachelayer.backends.seam import Token
from cachelayer.entries import Found
from cachelayer.remote import census
from cachelayer.remote.limits import RemoteLimits
from cachelayer.remote.stores import remote_store_at
from cachelayer.remote.wire import pack
from cachelayer.stamps import slot
from cachelayer.stats import warnings_about


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

    def retire(self, tags: Iterable[str]) -> Token | None:
        return self.store.bump(set(map(slot, tags)))

    def retire_all(self) -> None:
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
        found, sizes = counters.of_process(), census.take(self.store)
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
        self.retire([patterns.ROOT])

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
