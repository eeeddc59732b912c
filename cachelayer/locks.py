"""A lock for one holder on the host, safe across fork."""

import fcntl
import os
import threading
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet


class Forkable(Protocol):
    def after_fork(self) -> None:
        """Give the child its own descriptors and locks."""


forkables: "WeakSet[Any]" = WeakSet()


def _after_fork() -> None:
    for forkable in list(forkables):
        forkable.after_fork()


os.register_at_fork(after_in_child=_after_fork)


class HostLock:
    """flock between processes, a thread lock within one: neither does both."""

    def __init__(self, path: Path) -> None:
        self.path = path
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
        except BaseException:
            self._threads.release()
            raise

    def __exit__(self, *_: object) -> None:
        try:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)
        finally:
            self._threads.release()

    def _flock(self) -> None:
        """Lock the file that is at the path now, not one that was removed."""
        while True:
            if self._descriptor < 0:
                self._descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            fcntl.flock(self._descriptor, fcntl.LOCK_EX)
            if identity(self.path) == identity(self._descriptor):
                return
            os.close(self._descriptor)
            self._descriptor = -1


def identity(file: Path | int) -> tuple[int, int] | None:
    """Device and inode; None when there is no such file."""
    try:
        found = os.stat(file)
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino
