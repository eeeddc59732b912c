"""Stamps: one mapped file per host that says when each tag was last invalidated.

64-bit words: the epoch (odd while someone writes), the plane's id and watch, then
65,536 slots. An entry is fresh when no slot of its tags is newer than the epoch read
before its value was computed. Readers take no lock: they rely on x86 keeping stores in
order; on other machines the slow path takes the lock.

Out of reach (its folder is gone, the disk is full), nothing is read or stored: the
former map is still bumped, for the processes that have it, and the file is tried
again once a second.
"""

import logging
import mmap
import os
import platform
import secrets
import time
from array import array
from collections.abc import Callable, Iterable
from pathlib import Path
from zlib import crc32

from cachelayer.locks import HostLock, identity, swap_in

logger = logging.getLogger(__name__)

EPOCH, PLANE, LAYOUT, DUE, CONFLICT = range(5)
HEADER = 8
SLOTS = 65_536
WORDS = HEADER + SLOTS
LAYOUT_VERSION = 1
SUPERSEDED = 2**64 - 1
RETRY = 1.0


def blank(epoch: int, plane: int) -> "array[int]":
    words = array("Q", [epoch]) * WORDS
    words[PLANE], words[LAYOUT] = plane, LAYOUT_VERSION
    words[DUE] = words[CONFLICT] = 0
    return words


class StampMap:
    """`words` are the file's, or while that is out of reach those last mapped."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "stamps"
        self.failure = ""
        self.on_remap: Callable[[], None] | None = None
        self._lock = HostLock(folder / "stamps.lock")
        self._identity: tuple[int, int] | None = None
        self._retry_at = 0.0
        self.words = memoryview(blank(2, secrets.randbits(64)))
        self.remap()

    @property
    def host_id(self) -> str:
        return f"{self.words[PLANE]:016x}"

    def usable(self) -> bool:
        """`failure` says why not."""
        if self.failure and time.monotonic() >= self._retry_at:
            self.remap()
        return not self.failure

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
        there = identity(self.path)
        if there is None or there != self._identity or self._lock.failure:
            try:
                self._lock.check()
                self._swap(self._open() or self._make())
            except OSError as error:
                self._lose(error)
                return
        if self.failure:
            logger.warning("cache in service again: path=%s", self.path)
            self.failure = ""
            self._retire_all()  # what was retired meanwhile reached few

    def _swap(self, words: memoryview) -> None:
        former, self.words = self.words, words
        self._identity = identity(self.path)
        former[EPOCH] = SUPERSEDED  # whoever still maps it comes here at once
        self._forget()

    def _lose(self, error: OSError) -> None:
        if not self.failure:
            logger.error("cache out of service: path=%s error=%s", self.path, error)
        self.failure = f"the stamp file {self.path} cannot be used: {error.strerror}"
        self._retry_at = time.monotonic() + RETRY
        self._forget()

    def _forget(self) -> None:
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

    def _make(self) -> memoryview:
        """A new file, swapped in: truncating a mapped one kills its readers."""
        last = self.words[EPOCH] if self.words[EPOCH] != SUPERSEDED else 0
        seed = max(time.time_ns(), last + 2) & ~1
        swap_in(self.path, blank(seed, self.words[PLANE]).tobytes())
        opened = self._open()
        if opened is None:
            raise OSError(0, "it cannot be read back")
        return opened

    def _retire_all(self) -> None:
        """Needs the lock."""
        if self.words[EPOCH] != SUPERSEDED:
            self.words[EPOCH] |= 1
            self._settle()

    def _settle(self) -> int:
        """The even epoch; an odd one means its writer died: retire everything."""
        epoch = self.words[EPOCH]
        if epoch & 1 and epoch != SUPERSEDED:
            epoch += 1
            self.words[HEADER:] = memoryview(array("Q", [epoch]) * SLOTS)
            self.words[EPOCH] = epoch
        return epoch


__all__ = ["CONFLICT", "DUE", "EPOCH", "SLOTS", "SUPERSEDED", "Stamps", "slot"]
ORDERED_STORES = platform.machine().lower() in ("x86_64", "amd64", "i686", "i386")
NEVER = 0


def slot(tag: str) -> int:
    """The tag's word, the same in every process; a collision costs a miss."""
    return HEADER + (crc32(tag.encode("utf-8", "surrogatepass")) & (SLOTS - 1))


def retired(words: memoryview, slots: Iterable[int], stamp: int) -> bool:
    """Or of another file's time."""
    return words[EPOCH] < stamp or any(words[place] > stamp for place in slots)


class Stamps(StampMap):
    """The host's stamp file, mapped; several threads and processes share it."""

    def epoch(self) -> int:
        """The token of a value: read it before computing."""
        if self.words[EPOCH] == SUPERSEDED:
            self.remap()
        epoch = self.words[EPOCH]
        return NEVER if epoch == SUPERSEDED else epoch

    def newer(self, slots: Iterable[int], stamp: int) -> int | None:
        """The epoch at which nothing had retired these slots; None: retired."""
        words = self.words
        epoch = words[EPOCH]  # before the slots: a later bump must be seen again
        if ORDERED_STORES and not epoch & 1:
            return None if retired(words, slots, stamp) else epoch
        with self._lock:  # a writer is at work, or died there
            epoch = self._settle()
            if epoch == SUPERSEDED or retired(self.words, slots, stamp):
                return None
            return epoch

    def bump(self, tags: Iterable[str]) -> int:
        """Retire the tags on this host; returns the epoch from which they count."""
        places = {slot(tag) for tag in tags}
        try:
            return self._write(places)
        except BaseException:  # a signal's exception may come at any line
            self.bump_all()
            raise

    def _write(self, places: Iterable[int]) -> int:
        with self._lock:
            self._attach()
            settled = self._settle()
            if settled == SUPERSEDED:
                return NEVER
            now = settled + 2
            self.words[EPOCH] = now - 1
            for place in places:
                self.words[place] = now
            self.words[EPOCH] = now
        return now

    def bump_all(self) -> None:
        """Retire everything, for whoever reaps a process that was killed."""
        with self._lock:
            self._attach()
            self._retire_all()
