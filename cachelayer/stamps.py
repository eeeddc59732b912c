"""Stamps: one mapped file per host that says when each tag was last retired.

64-bit words: the epoch (odd while someone writes), the plane's id and watch, then
65,536 slots. An entry is fresh when no slot of its tags is newer than the epoch read
before its value was computed. Readers take no lock: they rely on x86 keeping stores in
order; on other machines the slow path takes the lock.
"""

import platform
from collections.abc import Iterable
from zlib import crc32

from cachelayer.maps import (
    CONFLICT,
    DUE,
    EPOCH,
    HEADER,
    SLOTS,
    SUPERSEDED,
    StampMap,
)

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
