"""Writes a skill as a folder by an atomic swap: readers see all of it, or none.

A write works in a staging folder beside its target, which holds:

filling   new files, not yet all of them
new       all new files; after the swap, the former content of the target
old       content that was moved out of the way
gone      content that is being deleted
known     digests of content that is stored elsewhere as well

Whatever a write was doing when it stopped, `StagingFolder.recover` can tell from these
names alone what to restore and what to delete, also after the process was killed.
"""

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
from taxonomy.files.read import (
    CHECKOUT_FOLDERS,
    STAGING_PREFIX,
    Identity,
    digest_of,
    folder_digest,
)

HERE = -100
"""AT_FDCWD of fcntl.h: relative paths start at the current folder."""
EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2)."""
UNKNOWN = frozenset({ENOSYS, EINVAL, ENOTSUP, EPERM})
"""Errors of kernels, file systems and sandboxes that do not support it."""

renameat2 = (
    getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if sys.platform == "linux"
    else None
)


def atomic_swap(one: Path, other: Path, by: Path) -> None:
    """Swap two folders in one step, where the system can: Linux, most file systems.

    Elsewhere it takes three steps: `other` is missing for a moment, and is at `by`.
    """
    if not _in_one_step(one, other):
        other.rename(by)
        one.rename(other)
        by.rename(one)


def _in_one_step(one: Path, other: Path) -> bool:
    """False: the system does not support it, and nothing has changed."""
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


class StagingFolder:
    """The folder in which one write to one target works; see the module."""

    def __init__(self, target: Path, limits: Limits) -> None:
        self.target = target
        self.limits = limits
        self.folder = staging_path(target)
        self.filling = self.folder / "filling"
        self.new = self.folder / "new"
        self.old = self.folder / "old"
        self.gone = self.folder / "gone"
        self.known = self.folder / "known"

    def record_known(self, *contents: Files) -> None:
        """Record content that is stored elsewhere, before any is in `new` or `old`."""
        self.known.write_text("\n".join(map(digest_of, contents)))

    def delete(self, place: Path) -> None:
        """Move it away in one step first, so that half of it is never seen as whole."""
        shutil.rmtree(self.gone, ignore_errors=True)
        place.rename(self.gone)

    def recover(self) -> None:
        """Restore the target if it is missing, and delete content that is known.

        Raises FolderLeft for other content, which stays where it is.
        """
        try:
            if os.path.lexists(self.old) and not os.path.lexists(self.target):
                self.old.rename(self.target)
            for place in (self.new, self.old):
                if os.path.lexists(place) and self._is_known(place):
                    self.delete(place)
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
            return is_replaceable(place) and folder_digest(place, self.limits) in known
        return False


def staging_path(target: Path) -> Path:
    return target.with_name(f"{STAGING_PREFIX}{target.name}")


def is_replaceable(folder: Path) -> bool:
    """It is a real folder, and not a git checkout."""
    plain = folder.is_dir() and not folder.is_symlink()
    return plain and not any(
        os.path.lexists(folder / name) for name in CHECKOUT_FOLDERS
    )


@contextmanager
def staging_folder(target: Path, limits: Limits) -> Iterator[StagingFolder]:
    """Recover first what a killed write has left. Raises FolderLeft."""
    staging = StagingFolder(target, limits)
    with locked(staging.folder):
        staging.recover()
        try:
            yield staging
        finally:
            try:
                staging.recover()
            except KeyboardInterrupt:
                staging.recover()
                raise


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Let other writers to the same target wait, for a staging folder of their own."""
    with ExitStack() as stack:
        while not _lock(folder, stack):
            stack.close()
        try:
            yield
        finally:
            # Remove the lock last, so that nobody works in a folder that is deleted.
            (folder / LOCK).unlink(missing_ok=True)
            with suppress(OSError):
                folder.rmdir()


def _lock(folder: Path, stack: ExitStack) -> bool:
    """False: the former holder removed the folder meanwhile.

    The system releases the lock of a process that died.
    """
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
    return open(folder / LOCK, "ab", opener=_not_through_a_link)


def _not_through_a_link(path: str, flags: int) -> int:
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
    """Make `target` a folder with exactly these files, and return it.

    The files are written beside the target and swapped with it in one step. So a
    reader finds the old folder or the new one, also after this was interrupted or
    killed. Where the system has no atomic swap there is a moment without a folder; if
    the write is killed then, the next write to this target restores the old one.

    A target with the same files is left as it is. Raises FolderOccupied for a target
    with other files unless `replace`, for one whose files are not `replacing` any
    more if that is given, and always for a file, a link or a git checkout. Raises
    FolderLeft for content of a former write that could not be restored.
    """
    require_files(files, limits)
    target = target.absolute()
    if not os.path.lexists(staging_path(target)) and _holds(target, files, limits):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with staging_folder(target, limits) as staging:
        is_free = not os.path.lexists(target) or is_empty_folder(target)
        if not is_free and _holds(target, files, limits):
            return target
        may_write = replacing is None if is_free else replace and is_replaceable(target)
        if not may_write:
            raise FolderOccupied(target)
        _fill(staging, files, replacing)
        if is_free:
            _place(staging)
        else:
            _swap_in(staging, replacing)
    return target


def remove_folder(
    target: Path, holding: Files, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Remove the folder in one step.

    Raises FolderOccupied as `write_folder` does, and if it does not hold these files
    any more; then it is restored.
    """
    target = target.absolute()
    with staging_folder(target, limits) as staging:
        if not is_replaceable(target):
            raise FolderOccupied(target)
        staging.record_known(holding)
        target.rename(staging.old)
        _require_holding(staging, staging.old, holding)
        staging.delete(staging.old)


def is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def _holds(target: Path, files: Files, limits: Limits) -> bool:
    return folder_digest(target, limits) == digest_of(files)


def _require_holding(staging: StagingFolder, place: Path, files: Files | None) -> None:
    """Raises FolderOccupied unless `place` holds the files.

    It has been moved there, so that nobody who knows its path can still change it.
    """
    if not is_replaceable(place):
        raise FolderOccupied(staging.target)
    if files is not None and not _holds(place, files, staging.limits):
        raise FolderOccupied(staging.target)


def _fill(staging: StagingFolder, files: Files, replacing: Files | None) -> None:
    staging.record_known(files, *([] if replacing is None else [replacing]))
    staging.filling.mkdir(mode=0o755)
    for file in files:
        path = staging.filling / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(0o755 if file.executable else 0o644)
    staging.filling.rename(staging.new)


def _place(staging: StagingFolder) -> None:
    """Move the new folder to where nothing was, or an empty folder."""
    try:
        staging.new.rename(staging.target)
    except OSError as error:
        if error.errno in TAKEN:
            raise FolderOccupied(staging.target) from None
        raise


def _swap_in(staging: StagingFolder, replacing: Files | None) -> None:
    """Swap in the new folder, and swap back unless the old one may be deleted."""
    ours = _identity(staging.new)
    try:
        atomic_swap(staging.new, staging.target, staging.old)
        _require_holding(staging, staging.new, replacing)
        staging.delete(staging.new)
    except BaseException:
        _swap_back(staging, ours)
        raise


def _swap_back(staging: StagingFolder, ours: Identity | None) -> None:
    """Undo a swap, wherever it was interrupted, or before it began."""
    if not os.path.lexists(staging.new) and os.path.lexists(staging.old):
        staging.old.rename(staging.new)
    if _identity(staging.new) not in (ours, None):
        atomic_swap(staging.new, staging.target, staging.old)


def _identity(path: Path) -> Identity | None:
    try:
        return Identity.of(os.lstat(path))
    except FileNotFoundError:
        return None
