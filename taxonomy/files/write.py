"""Write a skill as a folder by an atomic swap: readers see the old files or the new.

A write works in a staging folder beside its target, which contains:

filling   new files while they are written
new       all new files; after the swap, the former content of the target
old       former content, where the system has no atomic swap
gone      content that is being deleted
known     digests of content that may be deleted, because it is stored elsewhere

At whatever moment a write was interrupted or killed, `StagingFolder.recover` knows from
these names alone what to restore and what to delete.
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
    folder_digest,
    readable_digest,
)

HERE = -100
"""AT_FDCWD of fcntl.h: relative paths start at the current folder."""
EXCHANGE = 2
"""RENAME_EXCHANGE of renameat2(2)."""
UNKNOWN = frozenset({ENOSYS, EINVAL, ENOTSUP, EPERM})
"""Errors of kernels, file systems and sandboxes that do not support renameat2."""

renameat2 = (
    getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if sys.platform == "linux"
    else None
)


def atomic_swap(one: Path, other: Path, temporary: Path) -> None:
    """Swap two folders in one step on Linux and most file systems.

    Elsewhere it takes three renames; between them `other` is missing, and its content
    is at `temporary`.
    """
    if not _exchange(one, other):
        other.rename(temporary)
        one.rename(other)
        temporary.rename(one)


def _exchange(one: Path, other: Path) -> bool:
    """Swap by renameat2. False: the system does not support it; nothing has changed."""
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
    """The folder in which one write to one target works; the module describes it."""

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
        """Record content that `recover` may delete, because it is stored elsewhere.

        It must be recorded before it is put into `new` or `old`.
        """
        self.known.write_text("\n".join(map(readable_digest, contents)))

    def delete(self, folder: Path) -> None:
        """Rename the folder to `gone`, which the end of the write deletes.

        The rename is one step, so that a half-deleted folder is never taken for whole.
        """
        shutil.rmtree(self.gone, ignore_errors=True)
        folder.rename(self.gone)

    def recover(self) -> None:
        """Restore the target if it is missing, and delete content that is known.

        Raises FolderLeft for content that is not known; it stays in the staging folder.
        """
        try:
            if os.path.lexists(self.old) and not os.path.lexists(self.target):
                self.old.rename(self.target)
            for folder in (self.new, self.old):
                if os.path.lexists(folder) and self._is_known(folder):
                    self.delete(folder)
        except OSError as error:
            raise FolderLeft(self.folder) from error
        if os.path.lexists(self.new) or os.path.lexists(self.old):
            raise FolderLeft(self.folder)
        for folder in (self.filling, self.gone):
            shutil.rmtree(folder, ignore_errors=True)
        self.known.unlink(missing_ok=True)

    def _is_known(self, folder: Path) -> bool:
        with suppress(FileNotFoundError):
            digests = self.known.read_text().split()
            digest = folder_digest(folder, self.limits)
            return is_replaceable(folder) and digest in digests
        return False


def staging_path(target: Path) -> Path:
    return target.with_name(f"{STAGING_PREFIX}{target.name}")


def is_replaceable(folder: Path) -> bool:
    """Whether it is a folder, and neither a link nor a git checkout."""
    is_folder = folder.is_dir() and not folder.is_symlink()
    return is_folder and not any(
        os.path.lexists(folder / name) for name in CHECKOUT_FOLDERS
    )


@contextmanager
def staging_folder(target: Path, limits: Limits) -> Iterator[StagingFolder]:
    """The locked staging folder, after recovery from a killed write.

    Raises FolderLeft.
    """
    staging = StagingFolder(target, limits)
    with locked(staging.folder):
        staging.recover()
        try:
            yield staging
        finally:
            try:
                staging.recover()
            except KeyboardInterrupt:  # finish the recovery before the process ends
                staging.recover()
                raise


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Make and lock the staging folder; other writers to the same target wait."""
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
    """Make the folder and lock it until the stack is closed.

    False: the former owner of the lock removed the folder meanwhile; try again. The
    system releases the lock of a process that ended.
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
    return open(folder / LOCK, "ab", opener=_open_no_follow)


def _open_no_follow(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NOFOLLOW)


TAKEN = frozenset({EEXIST, ENOTDIR, ENOTEMPTY})
"""Errors of rename() if the target exists."""


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
    reader sees the old folder or the new one, even if the write is interrupted or
    killed. Where the system has no atomic swap, the target is missing for a moment; if
    the write is killed then, the next write to this target restores the old folder.

    A target with the same files is not touched. Raises FolderOccupied if the target is
    a file, a link or a git checkout; if it has other files, unless `replace`; and if
    `replacing` is given, unless it has exactly those files. Raises FolderLeft for
    content of a former write that could not be restored.
    """
    require_files(files, limits)
    target = target.absolute()
    if not os.path.lexists(staging_path(target)) and _has(target, files, limits):
        return target
    target.parent.mkdir(parents=True, exist_ok=True)
    with staging_folder(target, limits) as staging:
        is_free = not os.path.lexists(target) or is_empty_folder(target)
        if not is_free and _has(target, files, limits):
            return target
        if is_free and replacing is not None:
            raise FolderOccupied(target)  # the files to replace were removed meanwhile
        if not is_free and not (replace and is_replaceable(target)):
            raise FolderOccupied(target)
        _fill(staging, files, replacing)
        if is_free:
            _move_in(staging)
        else:
            _swap_in(staging, replacing)
    return target


def remove_folder(
    target: Path, holding: Files, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Remove the folder in one step.

    Raises FolderOccupied if the target is a link or a git checkout, or does not have
    exactly the files `holding`; then it is restored.
    """
    target = target.absolute()
    with staging_folder(target, limits) as staging:
        if not is_replaceable(target):
            raise FolderOccupied(target)
        staging.record_known(holding)
        target.rename(staging.old)
        _require_content(staging, staging.old, holding)
        staging.delete(staging.old)


def is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def _has(target: Path, files: Files, limits: Limits) -> bool:
    return folder_digest(target, limits) == readable_digest(files)


def _require_content(staging: StagingFolder, folder: Path, files: Files | None) -> None:
    """Raises FolderOccupied unless the folder, once the target, has these files.

    The check comes after the folder was moved into the staging folder: programs that
    write to the target's path cannot change it any more (TOCTOU).
    """
    if not is_replaceable(folder):
        raise FolderOccupied(staging.target)
    if files is not None and not _has(folder, files, staging.limits):
        raise FolderOccupied(staging.target)


def _fill(staging: StagingFolder, files: Files, replacing: Files | None) -> None:
    """Write the files to `filling`, and rename that to `new` once it is complete."""
    staging.record_known(files, *([] if replacing is None else [replacing]))
    staging.filling.mkdir(mode=0o755)
    for file in files:
        path = staging.filling / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(0o755 if file.executable else 0o644)
    staging.filling.rename(staging.new)


def _move_in(staging: StagingFolder) -> None:
    """Move the new folder to the target, which does not exist or is an empty folder."""
    try:
        staging.new.rename(staging.target)
    except OSError as error:
        if error.errno in TAKEN:
            raise FolderOccupied(staging.target) from None
        raise


def _swap_in(staging: StagingFolder, replacing: Files | None) -> None:
    """Swap the new folder with the target, and delete the old one.

    The swap is undone if the old folder does not have the files `replacing`.
    """
    written = _identity(staging.new)
    try:
        atomic_swap(staging.new, staging.target, staging.old)
        _require_content(staging, staging.new, replacing)
        staging.delete(staging.new)
    except BaseException:
        _swap_back(staging, written)
        raise


def _swap_back(staging: StagingFolder, written: Identity | None) -> None:
    """Undo a swap that was interrupted in any of its steps, or had not begun.

    `written` is the folder with the new files: if it is not at `new`, the swap is done.
    """
    if not os.path.lexists(staging.new) and os.path.lexists(staging.old):
        staging.old.rename(staging.new)
    if _identity(staging.new) not in (written, None):
        atomic_swap(staging.new, staging.target, staging.old)


def _identity(path: Path) -> Identity | None:
    try:
        return Identity.of(os.lstat(path))
    except FileNotFoundError:
        return None
