"""A lock for one holder on the host, safe across fork."""

import fcntl
import os
import threading
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet

from cachelayer.files import identity


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
