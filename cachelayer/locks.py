"""Locks and files that threads and processes of one host share, safe across fork."""

import fcntl
import os
import secrets
import threading
from pathlib import Path
from typing import Any, Protocol
from weakref import WeakSet


def alive(pid: int) -> bool:
    """Whether a process of this host has that id."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def replace_file(path: Path, content: bytes) -> None:
    """Replace the file atomically; processes that map the old file keep it.

    Raises OSError, and leaves no temporary file behind then.
    """
    temporary = path.with_name(f"{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    try:
        temporary.touch(mode=0o600)
        temporary.write_bytes(content)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


class Forkable(Protocol):
    def after_fork(self) -> None:
        """Give the child process descriptors and locks of its own."""


forkables: "WeakSet[Any]" = WeakSet()


def _after_fork() -> None:
    for forkable in list(forkables):
        forkable.after_fork()


os.register_at_fork(after_in_child=_after_fork)


class ThreadLock:
    """A lock that is free in a forked child, even if the parent had locked it."""

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
    """A lock for one thread of one process on the host.

    It takes a flock, which excludes processes, and a thread lock, which excludes
    threads: neither does both. If the file cannot be opened, it takes the thread lock
    and the flock of the file that was opened last; check() raises the reason.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.failure: OSError | None = None
        self._threads = threading.Lock()
        self._descriptor = -1
        forkables.add(self)

    def after_fork(self) -> None:
        # The child would share the parent's lock through the inherited file.
        # Closing the child's descriptor keeps the parent's lock; LOCK_UN would not.
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
        """Raise the OSError that prevented the exclusion of other processes."""
        if self.failure is not None:
            raise self.failure

    def _flock(self) -> None:
        """Lock the file that the path leads to now, not one that was removed."""
        while True:
            if self._descriptor >= 0:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX)
                if self._is_at_path():
                    return
            self.path.parent.mkdir(parents=True, exist_ok=True)
            opened = os.open(self.path, os.O_RDWR | os.O_CREAT, 0o600)
            if self._descriptor >= 0:
                os.close(self._descriptor)
            self._descriptor = opened

    def _is_at_path(self) -> bool:
        try:
            opened = os.fstat(self._descriptor)
            return os.path.samestat(opened, os.stat(self.path))
        except OSError:
            return False


Computation = tuple[str, Any]
"""A key, and the backend's token at which its value is computed."""


class SingleFlight:
    """Single-flight among threads: one computes a key, the others wait for its entry.

    A thread waits only for a computation with its own token: the result of an older
    one may have been invalidated since.
    """

    def __init__(self) -> None:
        self.after_fork()
        forkables.add(self)

    def after_fork(self) -> None:
        self._lock = threading.Lock()
        self._running: dict[Computation, threading.Event] = {}

    def join(self, computation: Computation) -> threading.Event | None:
        """The event to wait for; None: the caller must compute the value.

        A caller that computes must call finish(), even after an exception.
        """
        with self._lock:
            finished = self._running.get(computation)
            if finished is None:
                self._running[computation] = threading.Event()
            return finished

    def finish(self, computation: Computation) -> None:
        with self._lock:
            finished = self._running.pop(computation, None)
        if finished is not None:
            finished.set()


single_flight = SingleFlight()
