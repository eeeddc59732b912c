"""How much of ours is in the server, what is retired left out."""

import sys
from array import array
from contextlib import suppress
from typing import Any

from cachelayer.maps import WORDS
from cachelayer.remote.link import OutOfService
from cachelayer.remote.scripts import Command
from cachelayer.remote.sights import Sight
from cachelayer.remote.stores import RemoteStore
from cachelayer.remote.wire import Head, Unreadable, unpack_head

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
