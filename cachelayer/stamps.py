"""Stamps: one mapped file per host that says when each tag was last invalidated.

The file has 64-bit words: the epoch (odd while a process writes), the id of the host,
the version of this layout, the time of the host's next announcement, whether other
hosts are in conflict with it; and from word 8 on 65,536 slots, one or more tags in
each. An entry has the epoch that was read before its value was computed. It is fresh as
long as no slot of its tags is newer than that epoch.

Readers take no lock: they rely on x86 keeping stores in order. On other machines the
slow path takes the lock.

When the file cannot be used (its folder was removed, the disk is full), nothing is read
from the cache or stored in it. The process still writes to its former map, because
other processes may have the same one, and tries to open the file once a second.
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

from cachelayer.locks import HostLock, replace_file

logger = logging.getLogger(__name__)

EPOCH, HOST, LAYOUT, REFRESH_AT, CONFLICT = range(5)
HEADER = 8
SLOTS = 65_536
WORDS = HEADER + SLOTS
LAYOUT_VERSION = 1
SUPERSEDED = 2**64 - 1
"""The epoch of a file that was replaced: its processes move to the new file."""
NEVER = 0
RETRY = 1.0
ORDERED_STORES = platform.machine().lower() in ("x86_64", "amd64", "i686", "i386")


def slot(tag: str) -> int:
    """The tag's word, the same in every process; a collision costs a miss."""
    return HEADER + (crc32(tag.encode("utf-8", "surrogatepass")) & (SLOTS - 1))


def invalidated(words: memoryview, slots: Iterable[int], stamp: int) -> bool:
    """Whether one of these slots is newer, or the stamp is of another file."""
    return words[EPOCH] < stamp or any(words[place] > stamp for place in slots)


def blank(epoch: int, host: int) -> "array[int]":
    """The words of a new file, with all slots at this epoch."""
    words = array("Q", [epoch]) * WORDS
    words[HOST], words[LAYOUT] = host, LAYOUT_VERSION
    words[REFRESH_AT] = words[CONFLICT] = 0
    return words


def identity(path: Path) -> tuple[int, int] | None:
    """Device and inode; None if the file does not exist or cannot be reached."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


class Stamps:
    """The host's stamp file, mapped; several threads and processes share it.

    `words` are those of the file; while it cannot be used, those of the former map.
    """

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
        return f"{self.words[HOST]:016x}"

    @property
    def in_conflict(self) -> bool:
        """Whether hosts with other stamp files use this host's database."""
        return bool(self.words[CONFLICT])

    def refresh_is_due(self, interval: float) -> bool:
        """Whether this host must be announced again.

        A time that lies more than an interval ahead was written before the clock was
        set back, so it does not count.
        """
        now, refresh_at = time.time_ns(), self.words[REFRESH_AT]
        is_ahead = now < refresh_at <= now + int(interval * 1e9)
        return not is_ahead

    def postpone_refresh(self, interval: float) -> None:
        """Make the next refresh of this host due in `interval` seconds."""
        self.words[REFRESH_AT] = time.time_ns() + int(interval * 1e9)

    def epoch(self) -> int:
        """The current epoch; read it before computing a value, store it with the value.

        NEVER: the stamp file was replaced and the new one cannot be mapped; a value
        that is stored with it is never fresh.
        """
        if self.words[EPOCH] == SUPERSEDED:
            self.remap()
        epoch = self.words[EPOCH]
        return NEVER if epoch == SUPERSEDED else epoch

    def fresh_epoch(self, slots: Iterable[int], stamp: int) -> int | None:
        """The current epoch, if nothing has invalidated these slots since the stamp.

        None: one of the slots was invalidated.
        """
        words = self.words
        epoch = words[EPOCH]  # before the slots: a later bump must be seen again
        if ORDERED_STORES and not epoch & 1:
            return None if invalidated(words, slots, stamp) else epoch
        with self._lock:  # a process is writing, or died while it wrote
            epoch = self._settle()
            if epoch == SUPERSEDED or invalidated(self.words, slots, stamp):
                return None
            return epoch

    def bump(self, tags: Iterable[str]) -> int:
        """Invalidate the tags on this host; return the epoch of the invalidation."""
        slots = {slot(tag) for tag in tags}
        try:
            return self._write(slots)
        except BaseException:  # a signal handler may raise at any line
            self.bump_all()
            raise

    def bump_all(self) -> None:
        """Invalidate everything, on behalf of a process that was killed."""
        with self._lock:
            self._attach()
            self._invalidate_all()

    def usable(self) -> bool:
        """Whether the file can be used; `failure` says why not."""
        if self.failure and time.monotonic() >= self._retry_at:
            self.remap()
        return not self.failure

    def follow(self) -> None:
        """Map the file again if an operator has removed or replaced it."""
        if identity(self.path) != self._identity:
            self.remap()

    def remap(self) -> None:
        """Map the file that the path leads to now, if it is another one."""
        with self._lock:
            self._attach()

    def _attach(self) -> None:
        """Map the file, or record why it cannot be used. The caller has the lock."""
        current = identity(self.path)
        if current is None or current != self._identity or self._lock.failure:
            try:
                self._lock.check()
                self._switch(self._open() or self._create())
            except OSError as error:
                self._go_out_of_service(error)
                return
        if self.failure:
            logger.warning("cache in service again: path=%s", self.path)
            self.failure = ""
            self._invalidate_all()  # other processes missed what was invalidated

    def _switch(self, words: memoryview) -> None:
        former, self.words = self.words, words
        self._identity = identity(self.path)
        former[EPOCH] = SUPERSEDED  # processes that still map it move here at once
        self._notify()

    def _go_out_of_service(self, error: OSError) -> None:
        if not self.failure:
            logger.error("cache out of service: path=%s error=%s", self.path, error)
        self.failure = f"the stamp file {self.path} cannot be used: {error.strerror}"
        self._retry_at = time.monotonic() + RETRY
        self._notify()

    def _notify(self) -> None:
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

    def _create(self) -> memoryview:
        """Replace the file: truncating a mapped one would kill its readers."""
        last = self.words[EPOCH] if self.words[EPOCH] != SUPERSEDED else 0
        seed = max(time.time_ns(), last + 2) & ~1
        replace_file(self.path, blank(seed, self.words[HOST]).tobytes())
        opened = self._open()
        if opened is None:
            raise OSError(0, "it cannot be read back")
        return opened

    def _write(self, slots: Iterable[int]) -> int:
        """Stamp these slots with the next epoch, and return it.

        NEVER: the file was replaced.
        """
        with self._lock:
            self._attach()
            settled = self._settle()
            if settled == SUPERSEDED:
                return NEVER
            epoch = settled + 2
            self.words[EPOCH] = epoch - 1  # odd: a write is in progress
            for position in slots:
                self.words[position] = epoch
            self.words[EPOCH] = epoch
        return epoch

    def _invalidate_all(self) -> None:
        """Invalidate everything, as if a writer had died. The caller has the lock."""
        if self.words[EPOCH] != SUPERSEDED:
            self.words[EPOCH] |= 1
            self._settle()

    def _settle(self) -> int:
        """The even epoch. The caller has the lock.

        An odd epoch means that its writer died, possibly after writing only some slots:
        then everything is invalidated.
        """
        epoch = self.words[EPOCH]
        if epoch & 1 and epoch != SUPERSEDED:
            epoch += 1
            self.words[HEADER:] = memoryview(array("Q", [epoch]) * SLOTS)
            self.words[EPOCH] = epoch
        return epoch
