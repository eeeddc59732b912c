"""RedisCache: hosts share values and stamps in one server."""

import sys
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any
from zlib import crc32

from django.core.cache.backends.base import DEFAULT_TIMEOUT

from cachelayer.backends.base import TagCache
from cachelayer.entries import FreshEntry
from cachelayer.keys import ROOT
from cachelayer.locks import ThreadLock
from cachelayer.redis import scripts
from cachelayer.redis.client import (
    Client,
    Commands,
    Connections,
    OutOfService,
    RedisOptions,
)
from cachelayer.redis.pending import PendingInvalidations
from cachelayer.redis.values import (
    Head,
    Lookup,
    ReceivedEntry,
    Snapshot,
    Token,
    Unreadable,
    decode_head,
    encode,
    encode_head,
    readable,
)
from cachelayer.stamps import WORDS, slot
from cachelayer.stats import Counters, hit_rate_warnings

ATTEMPTS = 50  # at a compare-and-swap, while others write the same key
REMEMBERED = 10_000  # keys whose entries have tags besides those of the key
ANY = b"*"
KEEP = float("-inf")  # leaves the time to live unchanged
LONGEST = 10**15  # milliseconds; the server refuses what its clock cannot represent
Change = Callable[[ReceivedEntry | None], tuple[Any, float | None] | None]
"""A function of the current entry or None, which returns the new value and its time to
live, or None to leave the entry unchanged."""


def expiry_options(ttl: float | None) -> tuple[str, ...]:
    """The options of SET for a time to live in seconds; None: it never expires."""
    if ttl is None:
        return ()
    if ttl == KEEP:
        return ("KEEPTTL",)
    return ("PX", str(min(max(1, int(ttl * 1000)), LONGEST)))


class RedisStore:
    """The values and stamps of one server and prefix, for this process."""

    def __init__(self, url: str, options: RedisOptions) -> None:
        self.options = options
        self.stamps = f"{options.prefix}stamps"
        server = f"{crc32(f'{url} {options.prefix}'.encode()):08x}"
        pending = PendingInvalidations(options.folder / f"undelivered.{server}")
        self.counters = Counters(options.folder)
        self.client = Client(Connections(url, options), pending, self.stamps, options)
        self._added_slots: dict[str, tuple[int, ...]] = {}

    def name(self, key: str) -> str:
        return f"{self.options.prefix}value:{key}"

    def lookup(self, keys: Mapping[str, Iterable[int]]) -> Lookup:
        """Read entries. keys: each with the slots that any entry under it has."""
        slots = {place for of_key in keys.values() for place in of_key}
        slots.update(place for key in keys for place in self._added_slots.get(key, ()))
        try:
            snapshot = self._read(list(keys), slots)
            decoded = {key: readable(raw) for key, raw in snapshot.raw.items()}
            entries = {key: entry for key, entry in decoded.items() if entry}
            needed = {place for entry in entries.values() for place in entry.slots}
            missing = needed - slots
            if snapshot.token and missing:  # a view has added tags: remember them
                self._remember(entries)
                snapshot = self._read_more(snapshot, missing)
        except OutOfService:
            return Lookup(None, {}, {})
        fresh = {
            key: entry
            for key, entry in entries.items()
            if self._is_fresh(entry, snapshot)
        }
        return Lookup(snapshot.token or self.bump(()), fresh, snapshot.raw)

    def fill(
        self,
        key: str,
        encoded: bytes,
        token: Token,
        ttl: float | None,
        *,
        tier: str,
        slots: Collection[int],
    ) -> bool:
        """Store a value computed since the token. False: it was not stored."""
        too_long = len(encoded) > self.options.max_value
        if too_long or (ttl is not None and ttl <= 0):
            return False
        entry = b"%d %d" % token + encode_head(tier, slots) + encoded
        command: scripts.Command = ("SET", self.name(key), entry, *expiry_options(ttl))
        try:
            _, replies = self.client.exchange(lambda _: [command])
        except OutOfService:
            return False
        if replies[0] is not None:
            self.counters.add(tier, "sets")
        return replies[0] is not None

    def put(
        self,
        key: str,
        encoded: bytes,
        ttl: float | None,
        *,
        own: int,
        slots: Collection[int],
        expected: bytes = ANY,
    ) -> bool | None:
        """Store a value and invalidate the key's own slot. False: it is not stored.

        None: the current value is not the expected one.
        """
        if len(encoded) > self.options.max_value:
            self.drop({key: own})
            return False
        if ttl is not None and ttl <= 0 and ttl != KEEP:
            self.drop({key: own})
            return True
        name, rest = self.name(key), encode_head("raw", slots) + encoded
        expiry = expiry_options(ttl)

        def command(run: int) -> list[scripts.Command | bytes]:
            return [scripts.put(self.stamps, name, run, own, expected, rest, *expiry)]

        token = self._invalidate(command, {own})
        if token is None:
            return False
        if not token.epoch:
            return None
        self.counters.add("raw", "sets")
        return True

    def update(
        self, key: str, slots: Collection[int], own: int, change: Change
    ) -> bool:
        """Compare-and-swap: store the change, unless another writer was faster.

        own: the key's own slot. False: there was no change, or no server.
        """
        for _ in range(ATTEMPTS):
            before = self.lookup({key: slots})
            changed = change(before.fresh.get(key)) if before.token else None
            if changed is None:
                break
            (value, ttl), raw = changed, before.raw[key]
            expected = b"-" if raw is None else b"=" + raw
            encoded = encode(value)
            stored = self.put(
                key, encoded, ttl, own=own, slots=slots, expected=expected
            )
            if stored is not None:
                return stored
        return False

    def drop(self, keys: Mapping[str, int]) -> None:
        """Invalidate these keys, each by its own slot, and remove their values."""
        slots, names = set(keys.values()), map(self.name, keys)
        remove = ("UNLINK", *names)
        self._invalidate(
            lambda run: [scripts.bump(self.stamps, run, slots), remove], slots
        )

    def bump(self, slots: Collection[int] | None) -> Token | None:
        """Invalidate these slots (None: everything). None: the server did not confirm
        it, so the invalidation is pending."""
        return self._invalidate(
            lambda run: [scripts.bump(self.stamps, run, slots)], slots
        )

    def _invalidate(
        self, commands: Commands, slots: Collection[int] | None
    ) -> Token | None:
        try:
            _, replies = self.client.exchange(commands, invalidates=True)
            if replies[0]:
                return Token(*replies[0])
            self.client.trip("the server refuses to invalidate")
        except OutOfService:
            pass  # it is logged already
        if slots is None or slots:
            self.client.pending.add(slots)
        return None

    def _read(self, keys: list[str], slots: Collection[int]) -> Snapshot:
        """Read the values of the keys, and after them the stamps of the slots.

        The last reply holds the epoch, the generation, the run of the server that
        created the stamps, and the stamp of each slot. The snapshot has no token if
        there are no stamps (the epoch is 0), or if another run of the server created
        them: a server that has restarted may have lost invalidations.
        """
        order = list(slots)
        value_commands = [("MGET", *map(self.name, keys))] if keys else []

        def commands(run: int) -> list[scripts.Command | bytes]:
            return [*value_commands, scripts.read(self.stamps, order)]

        run, replies = self.client.exchange(commands)
        raw = dict(zip(keys, replies[0], strict=True)) if keys else {}
        no_stamps = [0] * (3 + len(order))
        epoch, generation, created_by, *slot_stamps = replies[-1] or no_stamps
        if epoch <= 0 or created_by != run:
            return Snapshot(None, {}, raw)
        stamps = dict(zip(order, slot_stamps, strict=True))
        return Snapshot(Token(epoch, generation), stamps, raw)

    def _read_more(self, snapshot: Snapshot, slots: Collection[int]) -> Snapshot:
        """The snapshot with the stamps of these slots added.

        It has no token if the stamps were reset between the two reads, because these
        cannot be combined then.
        """
        more = self._read([], slots)
        if not snapshot.token or not more.token:
            return snapshot._replace(token=None)
        if snapshot.token.generation != more.token.generation:
            return snapshot._replace(token=None)
        return snapshot._replace(stamps=snapshot.stamps | more.stamps)

    def _remember(self, entries: Mapping[str, ReceivedEntry]) -> None:
        if len(self._added_slots) > REMEMBERED:
            self._added_slots.clear()
        self._added_slots.update({key: entry.slots for key, entry in entries.items()})

    def _is_fresh(self, entry: ReceivedEntry, snapshot: Snapshot) -> bool:
        fresh = snapshot.proves_fresh(entry.head)
        if not fresh:
            self.counters.add(entry.head.tier, "invalidations")
        return fresh


stores: dict[tuple[str, RedisOptions], RedisStore] = {}
stores_lock = ThreadLock()


def store_at(url: str, options: RedisOptions) -> RedisStore:
    """The store of this process: Django creates a backend for each thread."""
    with stores_lock:
        if (url, options) not in stores:
            stores[url, options] = RedisStore(url, options)
        return stores[url, options]


class RedisCache(TagCache):
    """A cache in Valkey or Redis ≥ 6.2; LOCATION is its URL, the same for all hosts.

    OPTIONS: PREFIX of all keys; FOLDER of this host; in seconds, TIMEOUT of one wait,
    BUDGET of all slow waits of a request, and RETRY between attempts while the server
    does not answer; MAX_VALUE in bytes: longer values are not stored.
    Values are bytes, responses, or what JSON returns unchanged; others raise
    Unstorable, a TypeError. When the server does not answer, reads are misses.
    """

    def __init__(self, location: str, params: dict[str, Any]) -> None:
        super().__init__(params)
        options = RedisOptions.of(params.get("OPTIONS", {}))
        self.store = store_at(str(location), options)

    def add(
        self,
        key: str,
        value: Any,
        timeout: Any = DEFAULT_TIMEOUT,
        version: int | None = None,
    ) -> bool:
        """As in Django, and a lock among hosts. False also if the server is away."""
        self.validate_key(self.make_key(key, version))
        ttl = self._ttl(timeout)
        return self._update(key, version, lambda entry: None if entry else (value, ttl))

    def touch(
        self, key: str, timeout: Any = DEFAULT_TIMEOUT, version: int | None = None
    ) -> bool:
        ttl = self._ttl(timeout)
        return self._update(
            key, version, lambda entry: (entry.load(), ttl) if entry else None
        )

    def incr(self, key: str, delta: int = 1, version: int | None = None) -> int:
        """As in Django, and exact among hosts; the time to live does not change."""
        values: list[int] = []

        def increased(entry: ReceivedEntry | None) -> tuple[int, float] | None:
            if entry is None:
                return None
            values.append(entry.load() + delta)
            return values[-1], KEEP

        if not self._update(key, version, increased):
            raise ValueError(f"Key {key!r} not found")
        return values[-1]

    def get_many(
        self, keys: Iterable[str], version: int | None = None
    ) -> dict[str, Any]:
        """As in Django, in one round trip."""
        names = {self.make_key(key, version): key for key in keys}
        fresh = self.store.lookup(
            {name: self._slots(key, version) for name, key in names.items()}
        ).fresh
        for name in names:
            self.count("raw", "hits" if name in fresh else "misses")
        return {names[name]: entry.load() for name, entry in fresh.items()}

    def delete(self, key: str, version: int | None = None) -> bool:
        existed = self.has_key(key, version)
        self.delete_many([key], version)
        return existed

    def delete_many(self, keys: Iterable[str], version: int | None = None) -> None:
        """As in Django, in one round trip."""
        own_slots = {
            self.make_and_validate_key(key, version): self._own(key, version)
            for key in keys
        }
        if own_slots:
            self.store.drop(own_slots)

    def clear(self) -> None:
        """Invalidate everything; the server removes the values as they expire."""
        self.invalidate_tags([ROOT])

    def close(self, **_: Any) -> None:
        """Django calls this after each request; the connections stay open."""
        self.store.client.budget.renew()

    def token(self) -> Token | None:
        return self.store.lookup({}).token

    def lookup(
        self, key: str, version: int | None = None
    ) -> tuple[Token | None, FreshEntry | None]:
        name = self.make_key(key, version)
        result = self.store.lookup({name: self._slots(key, version)})
        return result.token, result.fresh.get(name)

    def invalidate_tags(self, tags: Iterable[str]) -> Token | None:
        return self.store.bump(set(map(slot, tags)))

    def invalidate_all(self) -> None:
        self.store.bump(None)

    def count(self, tier: str, event: str) -> None:
        self.store.counters.add(tier, event)

    def out_of_service(self) -> bool:
        """Whether the server does not answer, or an invalidation is pending."""
        return not self.store.client.readable()

    def why_out_of_service(self) -> str:
        return self.store.client.reason

    def host_stats(self) -> dict[str, Any]:
        """As in TagCache, without sizes: they would need all keys of the server."""
        counts = self.store.counters.of_host()
        return {name: counts[name] for name in counts.keys() - {"size", "bytes"}}

    def get_stats(self) -> dict[str, Any]:
        """As in MemoryCache. `size` and `bytes` are those of all hosts, or None while
        the server is out of service."""
        counters = self.store.counters
        counts, sizes = counters.of_process(), server_stats(self.store)
        in_server = {"size": sizes["size"], "bytes": sizes["bytes"]}
        return {
            **counts,
            **sizes,
            "max_value": self.store.options.max_value,
            "host": {**counters.of_host(), **in_server},
            "warnings": hit_rate_warnings(counts),
        }

    def _find(self, key: str, version: int | None) -> FreshEntry | None:
        return self.lookup(key, version)[1]

    def _own(self, key: str, version: int | None) -> int:
        """The slot of the tag that invalidates this key alone."""
        return slot(self.tag_of(key, version))

    def _update(self, key: str, version: int | None, change: Change) -> bool:
        name, slots = self.make_key(key, version), self._slots(key, version)
        return self.store.update(name, slots, self._own(key, version), change)

    def _replace(
        self, key: str, value: Any, ttl: float | None, version: int | None
    ) -> bool:
        name = self.make_and_validate_key(key, version)
        slots, own = self._slots(key, version), self._own(key, version)
        return bool(self.store.put(name, encode(value), ttl, own=own, slots=slots))

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
        encoded, all_slots = encode(value), self._slots(key, version) | set(slots)
        name = self.make_key(key, version)
        return token is not None and self.store.fill(
            name, encoded, token, ttl, tier=tier, slots=all_slots
        )


PAGE = 500
MAX_COUNTED = 10_000
HEADS = (4096, 600_000)  # bytes that nearly every head fits into, and every head


def server_stats(store: RedisStore) -> dict[str, Any]:
    """`size` and `bytes` of fresh values; `complete`: whether all were counted.

    The sizes are None while the server is out of service; `server` says why.
    """
    try:
        names, complete = _names(store)
        sizes = _fresh_sizes(store, names)
    except OutOfService as error:
        nothing = {"size": None, "bytes": None, "complete": False}
        return {**nothing, "server": f"out of service: {error}"}
    stats = {"size": len(sizes), "bytes": sum(sizes), "complete": complete}
    return {**stats, "server": "ok"}


def _send(store: RedisStore, *commands: scripts.Command) -> list[Any]:
    replies: list[Any] = store.client.exchange(lambda _: list(commands))[1]
    return replies


def _names(store: RedisStore) -> tuple[list[bytes], bool]:
    """The names of values in the server, and whether these are all.

    It stops at MAX_COUNTED names; the last page may exceed that.
    """
    prefix = "".join(f"[{char}]" if char in "*?[" else char for char in store.name(""))
    cursor, names = b"0", dict[bytes, None]()  # SCAN may return a name twice
    while len(names) < MAX_COUNTED:
        scan = ("SCAN", cursor, "MATCH", f"{prefix}*", "COUNT", PAGE)
        cursor, page = _send(store, scan)[0]
        names.update(dict.fromkeys(page))
        if cursor == b"0":
            return list(names), True
    return list(names), False


def _fresh_sizes(store: RedisStore, names: list[bytes]) -> list[int]:
    """The sizes of those values that are still fresh, in bytes."""
    snapshot, sizes = _all_stamps(store), []
    for first in range(0, len(names), PAGE):
        page = names[first : first + PAGE]
        beginnings = _send(store, *(("GETRANGE", name, 0, HEADS[0]) for name in page))
        lengths = _send(store, *(("STRLEN", name) for name in page))
        for name, beginning, length in zip(page, beginnings, lengths, strict=True):
            head = _head(store, name, beginning or b"")
            if head and snapshot.proves_fresh(head):
                sizes.append(length)
    return sizes


def _head(store: RedisStore, name: bytes, beginning: bytes) -> Head | None:
    if len(beginning) > HEADS[0] and b"\n" not in beginning:
        beginning = _send(store, ("GETRANGE", name, 0, HEADS[1]))[0] or b""
    with suppress(Unreadable):
        return decode_head(beginning)[0]
    return None


def _all_stamps(store: RedisStore) -> Snapshot:
    """All stamps, read at once: 512 KiB."""
    token = store.lookup({}).token
    words = array("q", bytes(WORDS * 8))
    stored = _send(store, ("GETRANGE", store.stamps, 0, WORDS * 8 - 1))[0] or b""
    received = array("q", stored[: len(stored) & ~7])
    if sys.byteorder == "little":  # the server stores the high byte first
        received.byteswap()
    words[: len(received)] = received
    return Snapshot(token, dict(enumerate(words)), {})
