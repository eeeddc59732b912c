"""Writing a skill as a folder by an atomic swap: all of it is there, or nothing."""

import ctypes
import fcntl
import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from errno import EEXIST, EINVAL, ENOSYS, ENOTDIR, ENOTEMPTY, ENOTSUP, EPERM
from pathlib import Path
from stat import S_ISDIR
from typing import IO

from taxonomy.files.gate import (
    DEFAULT_LIMITS,
    Files,
    FolderLeft,
    FolderOccupied,
    Limits,
    require_files,
)
from taxonomy.files.read import ASIDE, LEFT_OUT, Identity, digest_of, folder_digest

HERE = -100
"""AT_FDCWD of fcntl.h: paths mean what they mean anywhere else."""
EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2)."""
UNKNOWN = frozenset({ENOSYS, EINVAL, ENOTSUP, EPERM})
"""What an old kernel, a file system without it, or a sandbox answers."""

renameat2 = (
    getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if sys.platform == "linux"
    else None
)


def exchange(one: Path, other: Path, by: Path) -> None:
    """In one step where the system can: Linux, on most file systems.

    Elsewhere in three: `other` is missing for a moment, and lies at `by` then.
    """
    if not _in_one_step(one, other):
        other.rename(by)
        one.rename(other)
        by.rename(one)


def _in_one_step(one: Path, other: Path) -> bool:
    """False: the system cannot, and nothing has been done."""
    if renameat2 is None:
        return False
    paths = os.fsencode(one), os.fsencode(other)
    if renameat2(HERE, paths[0], HERE, paths[1], EXCHANGE) == 0:
        return True
    code = ctypes.get_errno()
    if code in UNKNOWN:
        return False
    raise OSError(code, os.strerror(code), str(one), None, str(other))


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


TAKEN = frozenset({EEXIST, ENOTDIR, ENOTEMPTY})


def write_folder(
    files: Files,
    target: Path,
    *,
    replace: bool = False,
    replacing: Files | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Path:
    """Put the files into `target`, which then holds nothing else; returns it.

    They are written beside it, and exchanged with it in one step: whoever opens it
    finds the old folder or the new one, and so does whoever comes after this was
    interrupted or killed. Where the system has no such step (see `exchange`) there
    is a moment without a folder; a write that is killed in it leaves the old one
    beside, and the next write to this target puts it back.

    A target that holds other files raises `FolderOccupied` unless `replace`, and a
    file, a link or a folder with a `.git` always does; one that holds the same files
    is left as it is. So does one that does not hold `replacing` any more, if those
    are given. `FolderLeft` names the place of what could not be put back.
    """
    require_files(files, limits)
    target = target.absolute()
    if not os.path.lexists(aside_of(target)) and _holds(target, files, limits):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with aside(target, limits) as beside:
        is_free = not os.path.lexists(target) or is_empty_folder(target)
        if not is_free and _holds(target, files, limits):
            return target
        may_write = replacing is None if is_free else replace and may_go(target)
        if not may_write:
            raise FolderOccupied(target)
        _fill(beside, files, replacing)
        if is_free:
            _place(beside)
        else:
            _exchange(beside, replacing)
    return target


def remove_folder(
    target: Path, holding: Files, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Out of its place in one step; FolderOccupied where `write_folder` raises it, and
    when it does not hold these files any more: then it is put back."""
    target = target.absolute()
    with aside(target, limits) as beside:
        if not may_go(target):
            raise FolderOccupied(target)
        beside.know(holding)
        target.rename(beside.old)
        _require_holding(beside, beside.old, holding)
        beside.drop(beside.old)


def is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def _holds(target: Path, files: Files, limits: Limits) -> bool:
    return folder_digest(target, limits) == digest_of(files)


def _require_holding(beside: Aside, place: Path, files: Files | None) -> None:
    """Looked at where nobody who edits it by its path can change it any more."""
    if not may_go(place):
        raise FolderOccupied(beside.target)
    if files is not None and not _holds(place, files, beside.limits):
        raise FolderOccupied(beside.target)


def _fill(beside: Aside, files: Files, replacing: Files | None) -> None:
    beside.know(files, *([] if replacing is None else [replacing]))
    beside.filling.mkdir(mode=0o755)
    for file in files:
        path = beside.filling / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(0o755 if file.executable else 0o644)
    beside.filling.rename(beside.new)


def _place(beside: Aside) -> None:
    """Where nothing was, or an empty folder."""
    try:
        beside.new.rename(beside.target)
    except OSError as error:
        if error.errno in TAKEN:
            raise FolderOccupied(beside.target) from None
        raise


def _exchange(beside: Aside, replacing: Files | None) -> None:
    """And back, unless what was there may go."""
    ours = _identity(beside.new)
    try:
        exchange(beside.new, beside.target, beside.old)
        _require_holding(beside, beside.new, replacing)
        beside.drop(beside.new)
    except BaseException:
        _take_back(beside, ours)
        raise


def _take_back(beside: Aside, ours: Identity | None) -> None:
    """Wherever the exchange was interrupted, or if nothing was exchanged yet."""
    if not os.path.lexists(beside.new) and os.path.lexists(beside.old):
        beside.old.rename(beside.new)
    if _identity(beside.new) not in (ours, None):
        exchange(beside.new, beside.target, beside.old)


def _identity(path: Path) -> Identity | None:
    try:
        return Identity.of(os.lstat(path))
    except FileNotFoundError:
        return None
