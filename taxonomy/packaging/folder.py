"""A skill as a folder on disk: written whole or not at all, read without surprises."""

import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from taxonomy.packaging.errors import FilesRefused, FolderMissing, FolderOccupied
from taxonomy.packaging.files import File, Files, as_files
from taxonomy.packaging.gate import (
    check_amounts,
    not_a_file,
    require_files,
    too_many_folders,
)
from taxonomy.packaging.limits import DEFAULT_LIMITS, Limits

# A version control folder beside SKILL.md belongs to the author, not to the skill.
LEFT_OUT = frozenset({".git"})


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


def read_folder(path: Path, limits: Limits = DEFAULT_LIMITS) -> Files:
    """The files below `path`, a `.git` at its root left out.

    Raises `FolderMissing`, or `FilesRefused` with every problem: links, pipes and
    the like, and what the gate refuses. Over the limits nothing is read.
    """
    if not path.is_dir():
        raise FolderMissing(path)
    found = list(islice(_walk(path, limits.files), limits.files + 1))
    sizes = [(name, status.st_size) for name, status in found]
    problems = [not_a_file(name) for name, status in found if not _is_file(status)]
    problems += check_amounts(sizes, limits)
    if problems:
        raise FilesRefused(problems)
    return require_files(
        as_files(_read(path, name, limits) for name, _ in found), limits
    )


def _walk(root: Path, most: int) -> Iterator[tuple[str, os.stat_result]]:
    """(relative path, status) of whatever is not a folder; links are not followed.

    More than `most` folders raise `FilesRefused`; of one that holds more entries the
    rest is not looked at.
    """
    waiting, folders = [""], 0
    while waiting:
        prefix = waiting.pop()
        folders += 1
        if folders > most:
            raise FilesRefused([too_many_folders(most)])
        with os.scandir(root / prefix) as entries:
            some = islice(entries, 2 * most + 2)
            for entry in sorted(some, key=lambda entry: entry.name):
                name = f"{prefix}{entry.name}"
                if entry.is_dir(follow_symlinks=False):
                    waiting += [] if name in LEFT_OUT else [f"{name}/"]
                elif name not in LEFT_OUT:
                    yield name, entry.stat(follow_symlinks=False)


def _is_file(status: os.stat_result) -> bool:
    return stat.S_ISREG(status.st_mode)


def _read(root: Path, name: str, limits: Limits) -> File:
    """Opened so that a link or a pipe put there meanwhile is not followed."""
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
    with open(os.open(root / name, flags), "rb") as stream:
        status = os.fstat(stream.fileno())
        content = stream.read(limits.file_bytes + 1) if _is_file(status) else b""
    return File(name, content, executable=bool(status.st_mode & stat.S_IXUSR))
