"""Stamps: one mapped file per host that says when each tag was last retired.

64-bit words: the epoch (odd while someone writes), the plane's id and watch, then
65,536 slots. An entry is fresh when no slot of its tags is newer than the epoch read
before its value was computed. Readers take no lock: they rely on x86 keeping stores in
order; on other machines the slow path takes the lock.
"""

import mmap
import os
import platform
import secrets
import time
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from zlib import crc32

from cachelayer.locks import HostLock, identity

EPOCH, PLANE, LAYOUT, DUE, CONFLICT = range(5)
HEADER = 8
SLOTS = 65_536
WORDS = HEADER + SLOTS
LAYOUT_VERSION = 1
SUPERSEDED = 2**64 - 1
ORDERED_STORES = platform.machine().lower() in ("x86_64", "amd64", "i686", "i386")


def slot(tag: str) -> int:
    """The tag's word, the same in every process; a collision costs a miss."""
    return HEADER + (crc32(tag.encode("utf-8", "surrogatepass")) & (SLOTS - 1))


class Stamps:
    """The host's stamp file, mapped; several threads and processes share it."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder / "stamps"
        self.on_remap: Callable[[], None] | None = None
        self._lock = HostLock(folder / "stamps.lock")
        self._identity: tuple[int, int] | None = None
        self.words = memoryview(b"")
        self.remap()

    @property
    def plane_id(self) -> str:
        return f"{self.words[PLANE]:016x}"

    def epoch(self) -> int:
        """The token of a value: read it before computing."""
        while (epoch := self.words[EPOCH]) == SUPERSEDED:
            self.remap()
        return epoch

    def newer(self, slots: Iterable[int], stamp: int) -> int | None:
        """The epoch at which nothing had retired these slots; None: retired."""
        if ORDERED_STORES:
            return self._newer(slots, stamp)
        with self._lock:
            return self._newer(slots, stamp)

    def _newer(self, slots: Iterable[int], stamp: int) -> int | None:
        words = self.words
        epoch = words[EPOCH]  # before the slots: a later bump must be seen again
        if epoch == SUPERSEDED:
            return None
        for place in slots:
            if words[place] > stamp:
                return None
        return epoch

    def bump(self, tags: Iterable[str]) -> int:
        """Retire the tags on this host; returns the epoch from which they count."""
        places = {slot(tag) for tag in tags}
        with self._lock:
            self._attach()
            now = self._settled_epoch() + 2
            self.words[EPOCH] = now - 1
            for place in places:
                self.words[place] = now
            self.words[EPOCH] = now
        return now

    def bump_all(self) -> None:
        """Retire everything, for whoever reaps a process that was killed."""
        with self._lock:
            self._attach()
            self.words[EPOCH] = self._settled_epoch() + 1
            self._settled_epoch()

    def _settled_epoch(self) -> int:
        """The even epoch; an odd one means its writer died: retire everything."""
        epoch = self.words[EPOCH]
        if epoch & 1:
            epoch += 1
            self.words[HEADER:] = memoryview(array("Q", [epoch]) * SLOTS)
            self.words[EPOCH] = epoch
        return epoch

    def follow(self) -> None:
        """Remap when the file was removed or replaced by hand."""
        if identity(self.path) != self._identity:
            self.remap()

    def remap(self) -> None:
        """Map the file that is at the path now, if it is another one."""
        with self._lock:
            self._attach()

    def _attach(self) -> None:
        """Needs the lock."""
        if self._identity is not None and identity(self.path) == self._identity:
            return
        former = self.words
        self.words = self._open() or self._make(former)
        self._identity = identity(self.path)
        if len(former):
            former[EPOCH] = SUPERSEDED  # whoever still maps it comes here at once
        if self.on_remap is not None:
            self.on_remap()

    def _open(self) -> memoryview | None:
        try:
            with self.path.open("r+b") as opened:
                if os.fstat(opened.fileno()).st_size != WORDS * 8:
                    return None
                words = memoryview(mmap.mmap(opened.fileno(), WORDS * 8)).cast("Q")
        except FileNotFoundError:
            return None
        usable = words[LAYOUT] == LAYOUT_VERSION and words[EPOCH] != SUPERSEDED
        return words if usable else None

    def _make(self, former: memoryview) -> memoryview:
        """A new file, swapped in: truncating a mapped one kills its readers."""
        last = former[EPOCH] if len(former) and former[EPOCH] != SUPERSEDED else 0
        seed = max(time.time_ns(), last + 2) & ~1
        words = array("Q", [seed]) * WORDS
        words[PLANE] = former[PLANE] if len(former) else secrets.randbits(64)
        words[LAYOUT], words[DUE], words[CONFLICT] = LAYOUT_VERSION, 0, 0
        made = self.path.with_name(f"stamps.{os.getpid()}.{secrets.token_hex(4)}")
        made.touch(mode=0o600)
        made.write_bytes(words.tobytes())
        made.replace(self.path)
        opened = self._open()
        if opened is None:
            raise OSError(f"the stamp file {self.path} cannot be read back")
        return opened
