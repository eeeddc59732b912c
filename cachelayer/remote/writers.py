"""What is written to the server: retirements, and values with the moment they have."""

from collections.abc import Collection, Mapping
from zlib import crc32

from cachelayer.remote import scripts
from cachelayer.remote.connections import Commands, Connections
from cachelayer.remote.debts import Debts
from cachelayer.remote.limits import RemoteLimits
from cachelayer.remote.link import Link, OutOfService
from cachelayer.remote.sights import Moment
from cachelayer.remote.wire import head_of
from cachelayer.stats import Counters

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
