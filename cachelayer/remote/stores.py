"""Values and stamps in the server: what is there, and whether it is still provable."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any

from cachelayer.locks import ThreadLock
from cachelayer.remote import scripts
from cachelayer.remote.limits import RemoteLimits
from cachelayer.remote.link import OutOfService
from cachelayer.remote.sights import Look, Moment, Sight
from cachelayer.remote.wire import Received, pack, readable
from cachelayer.remote.writers import Writer

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
