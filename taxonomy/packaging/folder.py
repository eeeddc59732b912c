"""A skill as a folder on disk: there whole, or not at all."""

import os
from errno import EEXIST, ENOTDIR, ENOTEMPTY
from pathlib import Path

from taxonomy.packaging.aside import Aside, aside, aside_of, may_go
from taxonomy.packaging.errors import FolderOccupied
from taxonomy.packaging.exchanging import exchange
from taxonomy.packaging.files import Files
from taxonomy.packaging.finding import Identity
from taxonomy.packaging.gate import require_files
from taxonomy.packaging.limits import DEFAULT_LIMITS, Limits
from taxonomy.packaging.reading import digest_of, folder_digest, read_folder

__all__ = ["read_folder", "remove_folder", "write_folder"]

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
        is_free = not os.path.lexists(target) or _is_empty_folder(target)
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


def _is_empty_folder(path: Path) -> bool:
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
