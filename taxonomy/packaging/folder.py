"""A skill as a folder on disk: written whole or not at all."""

import os
import shutil
import tempfile
from contextlib import suppress
from pathlib import Path

from taxonomy.packaging.errors import FilesRefused, FolderMissing, FolderOccupied
from taxonomy.packaging.files import Files, as_files
from taxonomy.packaging.gate import require_files
from taxonomy.packaging.left_out import LEFT_OUT
from taxonomy.packaging.limits import DEFAULT_LIMITS, Limits
from taxonomy.packaging.reading import read_folder

__all__ = ["read_folder", "remove_folder", "write_folder"]


def write_folder(
    files: Files,
    target: Path,
    *,
    replace: bool = False,
    replacing: Files | None = None,
    limits: Limits = DEFAULT_LIMITS,
) -> Path:
    """Put the files into `target`, which then holds nothing else; returns it.

    They are written beside it and renamed into place, so that a reader sees the old
    folder or the new one. A target that holds other files raises `FolderOccupied`
    unless `replace`, and a file, a link or a folder with a `.git` always does; one
    that holds the same files is left as it is. So does one that does not hold
    `replacing` any more, if those are given.
    """
    require_files(files, limits)
    target = target.absolute()
    occupied = os.path.lexists(target) and not _is_empty_folder(target)
    if occupied and _holds(target, files, limits):
        return target
    if occupied and not (replace and _may_go(target)):
        raise FolderOccupied(target)
    target.parent.mkdir(parents=True, exist_ok=True)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        _fill(beside / "new", files)
        _swap(beside, target, replacing, limits)
    finally:
        shutil.rmtree(beside, ignore_errors=True)
    return target


def remove_folder(
    target: Path, holding: Files, limits: Limits = DEFAULT_LIMITS
) -> None:
    """Out of its place in one step; FolderOccupied where `write_folder` raises it, and
    when it does not hold these files any more."""
    if not _may_go(target):
        raise FolderOccupied(target)
    beside = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    old = beside / "old"
    try:
        target.rename(old)
        if not _holds(old, holding, limits):
            old.rename(target)
            raise FolderOccupied(target)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def _is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def _may_go(target: Path) -> bool:
    plain = target.is_dir() and not target.is_symlink()
    return plain and not any((target / name).exists() for name in LEFT_OUT)


def _holds(target: Path, files: Files, limits: Limits) -> bool:
    with suppress(FilesRefused, FolderMissing):
        return read_folder(target, limits) == as_files(files)
    return False


def _fill(folder: Path, files: Files) -> None:
    folder.mkdir(mode=0o755)
    for file in files:
        path = folder / file.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(file.content)
        path.chmod(0o755 if file.executable else 0o644)


def _swap(beside: Path, target: Path, replacing: Files | None, limits: Limits) -> None:
    """Move `beside/new` to the target; on failure what was there is put back."""
    old = beside / "old"
    if os.path.lexists(target):
        target.rename(old)
    try:
        # Looked at where nobody who edits it by its path can change it any more.
        if replacing is not None and not _holds(old, replacing, limits):
            raise FolderOccupied(target)
        (beside / "new").rename(target)
    except (OSError, FolderOccupied):
        if old.exists():
            old.rename(target)
        raise
