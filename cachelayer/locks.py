"""Locks and files that threads and processes of one host share, safe across fork."""

import fcntl
import os
import secrets
import threading
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def swap_in(path: Path, content: bytes) -> None:
    """Put a new file in its place: who maps the former one keeps that.

    Raises OSError; nothing is left behind then.
    """
    made = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        made.touch(mode=0o600)
        made.write_bytes(content)
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def identity(file: Path | int) -> tuple[int, int] | None:
    """Device and inode; None when there is no such file, or no way to it."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_dev, found.st_ino


class Forkable(Protocol):
    def after_fork(self) -> None:
        """Give the child its own descriptors and locks."""


forkables: "WeakSet[Any]" = WeakSet()


def _after_fork() -> None:
    for forkable in list(forkables):
        forkable.after_fork()


os.register_at_fork(after_in_child=_after_fork)


class ThreadLock:
    """Free in a child, whichever thread of its parent held it."""

    def __init__(self) -> None:
        self.after_fork()
        forkables.add(self)

    def after_fork(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        self._lock.acquire()

    def __exit__(self, *_: object) -> None:
        self._lock.release()


class HostLock:
    """flock between processes, a thread lock within one: neither does both.

    Where the file is out of reach the threads' lock holds alone, with that of the
    file last opened; check() raises why.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: OSError | None = None
        self._threads = threading.Lock()
        self._descriptor = -1
        forkables.add(self)

    def after_fork(self) -> None:
        # The parent's open file would share its lock with us; closing ours leaves
        # the parent's lock alone, LOCK_UN would not.
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1
        self._threads = threading.Lock()

    def __enter__(self) -> None:
        self._threads.acquire()
        try:
            self._flock()
            self.failure = None
        except OSError as error:
            self.failure = error
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            if self._descriptor >= 0:
                fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def check(self) -> None:
        """Raises the OSError that keeps other processes out of this lock."""
        if self.failure is not None:
            raise self.failure

    def _flock(self) -> None:
        """Lock the file that is at the path now, not one that was removed."""
        while True:
            if self._descriptor >= 0:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
                if identity(self.path) == identity(self._descriptor):
                    return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = opened


Flight = tuple[str, Any]  # a key and a backend's token


class Flights:
    """A reader joins only a flight begun at its own epoch: an older one may return
    what has been retired since."""

    def __init__(self) -> None:
        self.after_fork()
        forkables.add(self)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._open: dict[Flight, threading.Event] = {}

    def join(self, flight: Flight) -> threading.Event | None:
        """What to wait for; None: you lead, and land it whatever happens."""
        with self._lock:
            landed = self._open.get(flight)
            if landed is None:
                self._open[flight] = threading.Event()
            return landed

    def land(self, flight: Flight) -> None:
        with self._lock:
            landed = self._open.pop(flight, None)
        if landed is not None:
            landed.set()


flights = Flights()
