"""Values in the server: as bytes, how they are read and written, how many there are.

An entry is `{epoch} {plane} {tier} {slot,slot,…}`, a newline, one letter for the kind
of value, the value: `b` bytes, `j` JSON, `r` a response (see StoredResponse.freeze).
Nothing that comes from the network is unpickled.
"""

import json
import logging
import re
import sys
from array import array
from collections.abc import Callable, Collection, Iterable, Mapping
from contextlib import suppress
from typing import Any, NamedTuple
from zlib import crc32

from cachelayer.entries import Frozen, Unstorable
from cachelayer.http import StoredResponse
from cachelayer.locks import ThreadLock
from cachelayer.redis import scripts
from cachelayer.redis.client import (
    Commands,
    Connections,
    Link,
    OutOfService,
    RemoteLimits,
)
from cachelayer.redis.pending import Debts
from cachelayer.redis.scripts import Command
from cachelayer.stamps import HEADER, WORDS
from cachelayer.stats import TIERS, Counters

logger = logging.getLogger(__name__)
HEAD = re.compile(rb"(\d{1,18}) (\d{1,18}) ([a-z]{1,16}) (\d{1,6}(?:,\d{1,6})*)\n")
PLAIN = frozenset((str, int, float, bool, type(None)))


class Unreadable(ValueError):
    """These bytes are no entry of ours."""


class Head(NamedTuple):
    """When an entry was fresh, by which stamps, and what retires it."""

    epoch: int
    plane: int
    tier: str
    slots: tuple[int, ...]


class Received(NamedTuple):
    """An entry as it was read."""

    head: Head
    value: Any

    @property
    def slots(self) -> tuple[int, ...]:
        return self.head.slots

    def load(self) -> Any:
        """Each reading has decoded a value of its own."""
        return self.value


def pack(value: Any) -> bytes:
    """Kind and value; raises Unstorable."""
    if type(value) is bytes:
        return b"b" + value
    if isinstance(value, Frozen):
        return b"r" + value.freeze()
    try:
        _check(value)
        return b"j" + json.dumps(value, separators=(",", ":")).encode()
    except (RecursionError, ValueError) as error:
        raise Unstorable(f"a value nested too deep cannot be stored: {error}") from None


def _check(value: Any) -> None:
    """Only what JSON gives back as it was: a tuple would return as a list."""
    if type(value) is list:
        for item in value:
            _check(item)
    elif type(value) is dict:
        for key, item in value.items():
            if type(key) is not str:
                raise Unstorable(f"a dict is stored with str keys, not {key!r}")
            _check(item)
    elif type(value) not in PLAIN:
        raise Unstorable(
            f"{type(value).__module__}.{type(value).__qualname__} cannot be stored: "
            "RedisCache takes bytes, or None, bool, int, float, str, list and dict"
        )


def head_of(tier: str, slots: Collection[int]) -> bytes:
    """What follows epoch and plane."""
    return f" {tier} {','.join(map(str, slots))}\n".encode()


def unpack(raw: bytes) -> Received:
    """The entry in these bytes; raises Unreadable."""
    head, rest = unpack_head(raw)
    return Received(head, _unpack_value(raw[rest : rest + 1], raw[rest + 1 :]))


def unpack_head(raw: bytes) -> tuple[Head, int]:
    """The head, and where the value begins; raises Unreadable."""
    found = HEAD.match(raw)
    if found is None:
        raise Unreadable("it has no head")
    slots = tuple(map(int, found[4].split(b",")))
    head = Head(int(found[1]), int(found[2]), found[3].decode(), slots)
    if head.tier not in TIERS or min(slots) < HEADER or max(slots) >= WORDS:
        raise Unreadable("its head is wrong")
    return head, found.end()


def readable(raw: bytes | None) -> Received | None:
    """The entry, if there is one."""
    if raw is None:
        return None
    try:
        return unpack(raw)
    except Unreadable as error:
        logger.warning("cache entry unreadable: %s", error)
        return None


def _unpack_value(kind: bytes, packed: bytes) -> Any:
    if kind == b"b":
        return packed
    try:
        if kind == b"j":
            return json.loads(packed)
        if kind == b"r":
            return StoredResponse.thaw(packed)
    except (RecursionError, ValueError) as error:
        raise Unreadable(str(error)) from None
    raise Unreadable(f"there is no kind {kind!r}")


class Moment(NamedTuple):
    """A token: the epoch, and the stamps that it is one of."""

    epoch: int
    plane: int


class Sight(NamedTuple):
    """Values, and the stamps as they were read after them."""

    moment: Moment | None  # None: there are none, or they are of another server
    words: dict[int, int]
    raw: dict[str, bytes | None]

    def proves(self, head: Head) -> bool:
        """Whether nothing has retired it; stamps prove only what was made by them."""
        if self.moment is None or head.plane != self.moment.plane:
            return False
        return all(self.words[place] <= head.epoch for place in head.slots)


class Look(NamedTuple):
    """A token, the entries that are fresh, and whatever bytes were there."""

    token: Moment | None
    fresh: dict[str, Received]
    raw: dict[str, bytes | None]


ANY = b"*"
KEEP = float("-inf")  # a time to live that stays what it is
LONGEST = 10**15  # milliseconds; the server refuses what its clock cannot hold


def life_of(ttl: float | None) -> tuple[str, ...]:
    """The options of SET for these seconds; None: without end."""
    if ttl is None:
        return ()
    if ttl == KEEP:
        return ("KEEPTTL",)
    return ("PX", str(min(max(1, int(ttl * 1000)), LONGEST)))


class Writer:
    """One server and prefix."""

    def __init__(self, url: str, limits: RemoteLimits) -> None:
        self.limits = limits
        self.stamps = f"{limits.prefix}stamps"
        server = f"{crc32(f'{url} {limits.prefix}'.encode()):08x}"
        debts = Debts(limits.folder / f"undelivered.{server}")
        self.counters = Counters(limits.folder)
        self.link = Link(Connections(url, limits), debts, self.stamps, limits)

    def name(self, key: str) -> str:
        return f"{self.limits.prefix}value:{key}"

    def fill(
        self,
        key: str,
        packed: bytes,
        at: Moment,
        ttl: float | None,
        *,
        tier: str,
        slots: Collection[int],
    ) -> bool:
        """Store what was computed since that moment; whether the server took it."""
        if len(packed) > self.limits.max_value or (ttl is not None and ttl <= 0):
            return False
        entry = b"%d %d" % at + head_of(tier, slots) + packed
        command: scripts.Command = ("SET", self.name(key), entry, *life_of(ttl))
        try:
            _, replies = self.link.exchange(lambda _: [command])
        except OutOfService:
            return False
        if replies[0] is not None:
            self.counters.add(tier, "sets")
        return replies[0] is not None

    def put(
        self,
        key: str,
        packed: bytes,
        ttl: float | None,
        *,
        own: int,
        slots: Collection[int],
        expected: bytes = ANY,
    ) -> bool | None:
        """Replace by hand, retiring the key's own slot.

        None: it is not what was expected; False: it is not stored.
        """
        if len(packed) > self.limits.max_value:
            self.drop({key: own})
            return False
        if ttl is not None and ttl <= 0 and ttl != KEEP:
            self.drop({key: own})
            return True
        name, rest = self.name(key), head_of("raw", slots) + packed

        def command(run: int) -> list[scripts.Command | bytes]:
            return [
                scripts.put(self.stamps, name, run, own, expected, rest, *life_of(ttl))
            ]

        moment = self._retire(command, {own})
        if moment is None:
            return False
        if not moment.epoch:
            return None
        self.counters.add("raw", "sets")
        return True

    def drop(self, keys: Mapping[str, int]) -> None:
        """Retire these keys, each by its own slot, and remove their values."""
        slots, names = set(keys.values()), map(self.name, keys)
        remove = ("UNLINK", *names)
        self._retire(lambda run: [scripts.bump(self.stamps, run, slots), remove], slots)

    def bump(self, slots: Collection[int] | None) -> Moment | None:
        """Retire these slots (None: everything); None: it is owed to the server."""
        return self._retire(lambda run: [scripts.bump(self.stamps, run, slots)], slots)

    def _retire(
        self, commands: Commands, slots: Collection[int] | None
    ) -> Moment | None:
        try:
            _, replies = self.link.exchange(commands, retires=True)
            if replies[0]:
                return Moment(*replies[0])
            self.link.trip("the server refuses to retire anything")
        except OutOfService:
            pass  # it has been logged
        if slots is None or slots:
            self.link.debts.owe(slots)
        return None


TRIES = 50  # while others write the same key
Change = Callable[[Received | None], tuple[Any, float | None] | None]
REMEMBERED = 10_000  # keys whose entries have more tags than their key says


class RemoteStore(Writer):
    """One server and prefix, as this process sees it."""

    def __init__(self, url: str, limits: RemoteLimits) -> None:
        super().__init__(url, limits)
        self._added: dict[str, tuple[int, ...]] = {}

    def look(self, wanted: Mapping[str, Iterable[int]]) -> Look:
        """wanted: keys, each with the slots that any entry under it has."""
        slots = {place for several in wanted.values() for place in several}
        slots.update(place for key in wanted for place in self._added.get(key, ()))
        try:
            sight = self._see(list(wanted), slots)
            found = {key: readable(raw) for key, raw in sight.raw.items()}
            entries = {key: entry for key, entry in found.items() if entry}
            beyond = {place for e in entries.values() for place in e.slots} - slots
            if sight.moment and beyond:  # once: tags that a view has added
                self._remember(entries)
                sight = self._see_more(sight, beyond)
        except OutOfService:
            return Look(None, {}, {})
        fresh = {key: e for key, e in entries.items() if self._fresh(e, sight)}
        return Look(sight.moment or self.bump(()), fresh, sight.raw)

    def swap(self, key: str, slots: Collection[int], own: int, change: Change) -> bool:
        """Store what becomes of the entry, unless another one comes in between.

        own: the key's own slot. False: it was left, or the server is away.
        """
        for _ in range(TRIES):
            seen = self.look({key: slots})
            chosen = change(seen.fresh.get(key)) if seen.token else None
            if chosen is None:
                break
            (value, ttl), held = chosen, seen.raw[key]
            there = b"-" if held is None else b"=" + held
            packed = pack(value)
            stored = self.put(key, packed, ttl, own=own, slots=slots, expected=there)
            if stored is not None:
                return stored
        return False

    def _see(self, keys: list[str], slots: Collection[int]) -> Sight:
        order = list(slots)
        values = [("MGET", *map(self.name, keys))] if keys else []

        def commands(run: int) -> list[scripts.Command | bytes]:
            return [*values, scripts.look(self.stamps, order)]

        run, replies = self.link.exchange(commands)
        raw = dict(zip(keys, replies[0], strict=True)) if keys else {}
        epoch, plane, made_in, *words = replies[-1] or [0] * (3 + len(order))
        if epoch <= 0 or made_in != run:
            return Sight(None, {}, raw)
        return Sight(Moment(epoch, plane), dict(zip(order, words, strict=True)), raw)

    def _see_more(self, sight: Sight, slots: Collection[int]) -> Sight:
        again = self._see([], slots)
        if not sight.moment or not again.moment:
            return sight._replace(moment=None)
        if sight.moment.plane != again.moment.plane:
            return sight._replace(moment=None)
        return sight._replace(words=sight.words | again.words)

    def _remember(self, entries: Mapping[str, Received]) -> None:
        if len(self._added) > REMEMBERED:
            self._added.clear()
        self._added.update({key: entry.slots for key, entry in entries.items()})

    def _fresh(self, entry: Received, sight: Sight) -> bool:
        fresh = sight.proves(entry.head)
        if not fresh:
            self.counters.add(entry.head.tier, "invalidations")
        return fresh


stores: dict[tuple[str, RemoteLimits], RemoteStore] = {}
making = ThreadLock()


def remote_store_at(url: str, limits: RemoteLimits) -> RemoteStore:
    """The process's one store for these: Django makes a backend for each thread."""
    with making:
        if (url, limits) not in stores:
            stores[url, limits] = RemoteStore(url, limits)
        return stores[url, limits]


PAGE = 500
COUNTED = 10_000
HEADS = (4096, 600_000)  # bytes in which a head ends, nearly always and at the most


def take(store: RemoteStore) -> dict[str, Any]:
    """`size` and `bytes` of live values; `complete`: whether that is all of them.

    The sizes are None while the server is out of service, which `server` says.
    """
    try:
        names, complete = _names(store)
        sizes = _sizes(store, names)
    except OutOfService as error:
        nothing = {"size": None, "bytes": None, "complete": False}
        return {**nothing, "server": f"out of service: {error}"}
    found = {"size": len(sizes), "bytes": sum(sizes), "complete": complete}
    return {**found, "server": "ok"}


def _ask(store: RemoteStore, *commands: Command) -> list[Any]:
    replies: list[Any] = store.link.exchange(lambda _: list(commands))[1]
    return replies


def _names(store: RemoteStore) -> tuple[list[bytes], bool]:
    """Of the values in the server, at most 10,000 of them; whether that is all."""
    prefix = "".join(f"[{char}]" if char in "*?[" else char for char in store.name(""))
    cursor, names = b"0", dict[bytes, None]()  # a name may be said twice
    while len(names) < COUNTED:
        scan = ("SCAN", cursor, "MATCH", f"{prefix}*", "COUNT", PAGE)
        cursor, found = _ask(store, scan)[0]
        names.update(dict.fromkeys(found))
        if cursor == b"0":
            return list(names), True
    return list(names), False


def _sizes(store: RemoteStore, names: list[bytes]) -> list[int]:
    sight, sizes = _sight(store), []
    for first in range(0, len(names), PAGE):
        page = names[first : first + PAGE]
        parts = _ask(store, *(("GETRANGE", name, 0, HEADS[0]) for name in page))
        lengths = _ask(store, *(("STRLEN", name) for name in page))
        for name, part, length in zip(page, parts, lengths, strict=True):
            head = _head(store, name, part or b"")
            if head and sight.proves(head):
                sizes.append(length)
    return sizes


def _head(store: RemoteStore, name: bytes, part: bytes) -> Head | None:
    if len(part) > HEADS[0] and b"\n" not in part:
        part = _ask(store, ("GETRANGE", name, 0, HEADS[1]))[0] or b""
    with suppress(Unreadable):
        return unpack_head(part)[0]
    return None


def _sight(store: RemoteStore) -> Sight:
    """All the stamps at once: 512 KiB."""
    moment = store.look({}).token
    words = array("q", bytes(WORDS * 8))
    stored = _ask(store, ("GETRANGE", store.stamps, 0, WORDS * 8 - 1))[0] or b""
    read = array("q", stored[: len(stored) & ~7])
    if sys.byteorder == "little":  # the server writes the high byte first
        read.byteswap()
    words[: len(read)] = read
    return Sight(moment, dict(enumerate(words)), {})
