"""Entries as bytes in the server, and which of them a read proves to be fresh.

An entry is `{epoch} {generation} {tier} {slot,slot,…}`, a newline, one letter for the
kind of value, and the value: `b` bytes, `j` JSON, `r` a response (see
StoredResponse.to_bytes). Nothing that comes from the network is unpickled.
"""

import json
import logging
import re
from collections.abc import Collection
from typing import Any, NamedTuple

from cachelayer.entries import Immutable, Unstorable
from cachelayer.http import StoredResponse
from cachelayer.stamps import HEADER, WORDS
from cachelayer.stats import TIERS

logger = logging.getLogger(__name__)
HEAD = re.compile(rb"(\d{1,18}) (\d{1,18}) ([a-z]{1,16}) (\d{1,6}(?:,\d{1,6})*)\n")
PLAIN = frozenset((str, int, float, bool, type(None)))


class Unreadable(ValueError):
    """These bytes are not an entry of ours."""


class Head(NamedTuple):
    """The epoch and generation at which the entry is fresh, its tier and its slots."""

    epoch: int
    generation: int
    tier: str
    slots: tuple[int, ...]


class ReceivedEntry(NamedTuple):
    """An entry that was read from the server."""

    head: Head
    value: Any

    @property
    def slots(self) -> tuple[int, ...]:
        return self.head.slots

    def load(self) -> Any:
        """The value, which each read decodes anew."""
        return self.value


def encode(value: Any) -> bytes:
    """The kind and the value; raises Unstorable."""
    if type(value) is bytes:
        return b"b" + value
    if isinstance(value, Immutable):
        return b"r" + value.to_bytes()
    try:
        _check(value)
        return b"j" + json.dumps(value, separators=(",", ":")).encode()
    except (RecursionError, ValueError) as error:
        raise Unstorable(f"a value nested too deep cannot be stored: {error}") from None


def _check(value: Any) -> None:
    """Raises Unstorable for values that JSON changes: a tuple would become a list."""
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


def encode_head(tier: str, slots: Collection[int]) -> bytes:
    """The rest of the head, after epoch and generation."""
    return f" {tier} {','.join(map(str, slots))}\n".encode()


def decode(raw: bytes) -> ReceivedEntry:
    """The entry in these bytes; raises Unreadable."""
    head, end = decode_head(raw)
    return ReceivedEntry(head, _decode_value(raw[end : end + 1], raw[end + 1 :]))


def decode_head(raw: bytes) -> tuple[Head, int]:
    """The head, and where it ends; raises Unreadable."""
    match = HEAD.match(raw)
    if match is None:
        raise Unreadable("it has no head")
    slots = tuple(map(int, match[4].split(b",")))
    head = Head(int(match[1]), int(match[2]), match[3].decode(), slots)
    if head.tier not in TIERS or min(slots) < HEADER or max(slots) >= WORDS:
        raise Unreadable("its head is wrong")
    return head, match.end()


def readable(raw: bytes | None) -> ReceivedEntry | None:
    """The entry, if these bytes are one."""
    if raw is None:
        return None
    try:
        return decode(raw)
    except Unreadable as error:
        logger.warning("cache entry unreadable: %s", error)
        return None


def _decode_value(kind: bytes, encoded: bytes) -> Any:
    if kind == b"b":
        return encoded
    try:
        if kind == b"j":
            return json.loads(encoded)
        if kind == b"r":
            return StoredResponse.from_bytes(encoded)
    except (RecursionError, ValueError) as error:
        raise Unreadable(str(error)) from None
    raise Unreadable(f"there is no kind {kind!r}")


class Token(NamedTuple):
    """An epoch, and the generation of the stamps that it belongs to."""

    epoch: int
    generation: int


class Snapshot(NamedTuple):
    """The bytes of some keys, and the stamps as they were read after them."""

    token: Token | None
    """None: there are no stamps, or another run of the server created them."""
    stamps: dict[int, int]
    """The stamp of each slot that was read."""
    raw: dict[str, bytes | None]

    def proves_fresh(self, head: Head) -> bool:
        """Whether nothing has invalidated the entry since its epoch.

        Stamps prove it only for entries of their own generation.
        """
        if self.token is None or head.generation != self.token.generation:
            return False
        return all(self.stamps[place] <= head.epoch for place in head.slots)


class Lookup(NamedTuple):
    """A token, the entries that are fresh, and the bytes of all keys."""

    token: Token | None
    fresh: dict[str, ReceivedEntry]
    raw: dict[str, bytes | None]
