"""An entry as bytes. Nothing that comes from the network is unpickled.

`{epoch} {plane} {tier} {slot,slot,…}`, a newline, one letter for the kind of value,
the value: `b` bytes, `j` JSON, `r` a response (see StoredResponse.freeze).
"""

import json
import logging
import re
from collections.abc import Collection
from typing import Any, NamedTuple

from cachelayer.entries import Frozen, Unstorable
from cachelayer.maps import HEADER, WORDS
from cachelayer.responses import StoredResponse
from cachelayer.stats import TIERS

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
