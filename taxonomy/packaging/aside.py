"""The folder beside its target that a write works in, and what is in it when.

`filling` has new files, and not yet all of them. `new` has all; when it is exchanged
with the target, it has what was there before. `old` has what was moved away. `gone`
is not needed any more. `known` has digests: what has one of them can be had again.

Whatever a write was doing when it ended, `settle` reads from these names alone what
to put back and what to drop, for itself and for one that was killed.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from stat import S_ISDIR
from typing import IO

from taxonomy.packaging.errors import FolderLeft
from taxonomy.packaging.files import Files
from taxonomy.packaging.left_out import ASIDE, LEFT_OUT
from taxonomy.packaging.limits import Limits
from taxonomy.packaging.reading import digest_of, folder_digest

LOCK = "lock"


class Aside:
    """For one target, and for one write at a time."""

    def __init__(self, target: Path, limits: Limits) -> None:
        self.target = target
        self.limits = limits
        self.folder = aside_of(target)
        self.filling = self.folder / "filling"
        self.new = self.folder / "new"
        self.old = self.folder / "old"
        self.gone = self.folder / "gone"
        self.known = self.folder / "known"

    def know(self, *kept: Files) -> None:
        """Contents that are kept elsewhere. Said before anything has its place in
        `new` or `old`."""
        self.known.write_text("\n".join(map(digest_of, kept)))

    def drop(self, place: Path) -> None:
        """Out of the way in one step, so that no half of it is taken for a whole."""
        shutil.rmtree(self.gone, ignore_errors=True)
        place.rename(self.gone)

    def settle(self) -> None:
        """Put back what has no place any more; drop what can be had again.

        Raises FolderLeft for what is neither: it stays where it is.
        """
        try:
            if os.path.lexists(self.old) and not os.path.lexists(self.target):
                self.old.rename(self.target)
            for place in (self.new, self.old):
                if os.path.lexists(place) and self._is_known(place):
                    self.drop(place)
        except OSError as error:
            raise FolderLeft(self.folder) from error
        if os.path.lexists(self.new) or os.path.lexists(self.old):
            raise FolderLeft(self.folder)
        for place in (self.filling, self.gone):
            shutil.rmtree(place, ignore_errors=True)
        self.known.unlink(missing_ok=True)

    def _is_known(self, place: Path) -> bool:
        with suppress(FileNotFoundError):
            known = self.known.read_text().split()
            return may_go(place) and folder_digest(place, self.limits) in known
        return False


def aside_of(target: Path) -> Path:
    return target.with_name(f"{ASIDE}{target.name}")


def may_go(folder: Path) -> bool:
    """A folder, and nobody's checkout."""
    plain = folder.is_dir() and not folder.is_symlink()
    return plain and not any(os.path.lexists(folder / name) for name in LEFT_OUT)


@contextmanager
def aside(target: Path, limits: Limits) -> Iterator[Aside]:
    """What a killed write has left is settled first. Raises FolderLeft."""
    it = Aside(target, limits)
    with locked(it.folder):
        it.settle()
        try:
            yield it
        finally:
            try:
                it.settle()
            except KeyboardInterrupt:
                it.settle()
                raise


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Whoever else writes to the target waits, and then has a folder of its own."""
    with ExitStack() as stack:
        while not _lock(folder, stack):
            stack.close()
        try:
            yield
        finally:
            # The lock goes last: nobody else begins in what is being removed.
            (folder / LOCK).unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()


def _lock(folder: Path, stack: ExitStack) -> bool:
    """False: who had it has removed it meanwhile. The system frees that of the dead."""
    with suppress(FileExistsError):
        folder.mkdir(mode=0o700)
    with suppress(FileNotFoundError):
        status = os.lstat(folder)
        if not S_ISDIR(status.st_mode) or status.st_uid != os.geteuid():
            raise FolderLeft(folder)
        lock = stack.enter_context(open_lock(folder))
        # Some network file systems have no locks; two writes at once fail there.
        with suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        return os.path.samestat(os.fstat(lock.fileno()), os.stat(folder / LOCK))
    return False


def open_lock(folder: Path) -> IO[bytes]:
    return open(folder / LOCK, "ab", opener=_not_by_a_link)


def _not_by_a_link(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)
