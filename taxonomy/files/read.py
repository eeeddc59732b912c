"""Reading skills from folders, archives and uploads, without following any link.

Folders are opened relative to the descriptor of their parent (openat), so that a link
that replaces a folder meanwhile is not followed (TOCTOU). Only one descriptor is open
at a time, however deep a folder is.
"""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import ELOOP, ENOENT, ENOTDIR
from itertools import islice, zip_longest
from pathlib import Path
from typing import NamedTuple

from taxonomy.files.gate import (
    DEFAULT_LIMITS,
    LONGEST_PATH,
    File,
    Files,
    FilesRefused,
    FolderMissing,
    Limits,
    as_files,
    bundle_digest,
    changed_meanwhile,
    check_amounts,
    not_a_file,
    not_a_folder,
    require_files,
    too_long_path,
    too_many_folders,
    unreadable,
)

CHECKOUT_FOLDERS = frozenset({".git"})
"""Folders of a git checkout. They are ignored at the root of a skill, and everywhere
outside of skills."""
IGNORED_NAMES = frozenset({".DS_Store", "Thumbs.db", "__MACOSX"})
"""Files that macOS and Windows add to every folder that they display or pack."""
STAGING_PREFIX = ".skillfleet-aside-"
"""The name of a staging folder, which a write makes beside its target, begins so."""
IGNORED_PREFIXES = ("._", STAGING_PREFIX)


def is_ignored(name: str) -> bool:
    return name in IGNORED_NAMES or name.startswith(IGNORED_PREFIXES)


def is_part_of_skill(path: str) -> bool:
    """Whether a file or folder with this path, relative to the skill, is part of it."""
    parts = path.split("/")
    return parts[0] not in CHECKOUT_FOLDERS and not any(map(is_ignored, parts))


FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
REMOVED_OR_REPLACED = frozenset({ENOENT, ENOTDIR, ELOOP})
"""The errors of open() when a file or folder was removed, or replaced by a link, since
it was listed."""


class ListedFile(NamedTuple):
    """A file, link or device, with its status at the time when it was listed."""

    path: str
    mode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "ListedFile":
        return cls(path, status.st_mode, status.st_size, status.st_mtime_ns)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)


class Identity(NamedTuple):
    """The device and inode of a folder, which are the same on every path to it."""

    device: int
    number: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Identity":
        return cls(status.st_dev, status.st_ino)


def open_folder(root: Path | int, below: str = "") -> int:
    """A descriptor of the folder `below` the root; the caller closes it.

    Every part of `below` is opened relative to its parent. Raises OSError if one of
    them, or the root itself, is a link.
    """
    if isinstance(root, int):
        descriptor = os.open(".", FOLDER, dir_fd=root)
    else:
        descriptor = os.open(root, FOLDER)
    for part in filter(None, below.split("/")):
        parent = descriptor
        try:
            descriptor = os.open(part, FOLDER, dir_fd=parent)
        finally:
            os.close(parent)
    return descriptor


@contextmanager
def opened_folder(root: Path | int, below: str = "") -> Iterator[int]:
    descriptor = open_folder(root, below)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def walk(root: int, limit: int) -> Iterator[ListedFile]:
    """The files, links and devices of the skill in this folder and below it.

    Raises FilesRefused for more than `limit` folders, and for a folder that cannot be
    listed. Only the beginning of a folder with very many entries is listed: that is
    enough for the caller to refuse it.
    """
    stack, folders = [""], 0
    while stack:
        folder = stack.pop()
        folders += 1
        if folders > limit:
            raise FilesRefused([too_many_folders(limit)])
        if len(os.fsencode(folder)) > LONGEST_PATH:
            raise FilesRefused([too_long_path(folder)])
        subfolders, files = _list_skill_folder(root, folder, limit)
        stack += subfolders
        yield from files


def _list_skill_folder(
    root: int, folder: str, limit: int
) -> tuple[list[str], list[ListedFile]]:
    """The paths of the folders in `folder`, each with a final slash, and the rest.

    It lists at most 2 * limit + 2 entries: among these are more than `limit` folders
    or more than `limit` files, and either is refused.
    """
    subfolders, files = [], []
    with (
        errors_as_findings(folder),
        opened_folder(root, folder) as descriptor,
        os.scandir(descriptor) as entries,
    ):
        listed = islice(entries, 2 * limit + 2)
        for entry in sorted(listed, key=lambda entry: entry.name):
            path = f"{folder}{entry.name}"
            if not is_part_of_skill(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                subfolders.append(f"{path}/")
            else:
                files.append(ListedFile.of(path, entry.stat(follow_symlinks=False)))
    return subfolders, files


def read_file(root: int, listed: ListedFile) -> File:
    """Raises FilesRefused if the file has changed since it was listed."""
    folder, _, name = listed.path.rpartition("/")
    with errors_as_findings(listed.path), opened_folder(root, folder) as descriptor:

        def opener(name: str, _: int) -> int:
            return os.open(name, FILE, dir_fd=descriptor)

        with open(name, "rb", opener=opener) as stream:
            status = os.fstat(stream.fileno())
            is_same = ListedFile.of(listed.path, status) == listed
            content = stream.read(listed.size + 1) if is_same else b""
    if not is_same or len(content) != listed.size:
        raise FilesRefused([changed_meanwhile(listed.path)])
    return File(listed.path, content, executable=bool(listed.mode & stat.S_IXUSR))


@contextmanager
def errors_as_findings(path: str) -> Iterator[None]:
    """Raise FilesRefused with a finding about the path instead of an OSError."""
    try:
        yield
    except OSError as error:
        if error.errno in REMOVED_OR_REPLACED:
            raise FilesRefused([changed_meanwhile(path)]) from error
        raise FilesRefused([unreadable(path, error.strerror or "")]) from error


def read_folder(
    path: Path, limits: Limits = DEFAULT_LIMITS, *, below: str = ""
) -> Files:
    """The files of the skill in `path`, or in the folder `below` it.

    Links are followed in `path`, except for its last part, but never in `below`.

    Raises `FolderMissing`, or `FilesRefused` with every problem: links, pipes and
    the like, findings of the gate, unreadable files, and files that change meanwhile.
    If the limits are exceeded, no file is read.
    """
    descriptor = _open(path, below)
    try:
        files = _read(descriptor, limits)
    finally:
        os.close(descriptor)
    return require_files(files, limits)


def _open(path: Path, below: str) -> int:
    """Open the folder. Raises FolderMissing or FilesRefused; the caller closes it."""
    with errors_as_findings(below):
        try:
            return open_folder(path, below)
        except FileNotFoundError:
            raise FolderMissing(path / below) from None
        except OSError as error:
            if error.errno in REMOVED_OR_REPLACED:
                raise FilesRefused([not_a_folder((path / below).name)]) from None
            raise


def _read(root: int, limits: Limits) -> Files:
    """Read all files below the descriptor, and check that none changed meanwhile."""
    listed_files = list(islice(walk(root, limits.files), limits.files + 1))
    problems = [not_a_file(each.path) for each in listed_files if not each.is_file]
    sizes = [(each.path, each.size) for each in listed_files]
    problems += check_amounts(sizes, limits)
    if problems:
        raise FilesRefused(problems)
    files = as_files(read_file(root, each) for each in listed_files)
    _require_unchanged(listed_files, list(walk(root, limits.files)))
    return files


def _require_unchanged(before: list[ListedFile], after: list[ListedFile]) -> None:
    """Raises FilesRefused if a file changed while the others were read.

    So files that were saved together are read together, or not at all.
    """
    for one, other in zip_longest(before, after):
        if one != other:
            raise FilesRefused([changed_meanwhile((one or other).path)])


def readable_digest(files: Iterable[File]) -> str:
    """The digest that `folder_digest` finds after these files were written.

    It leaves out ignored files, which `read_folder` does not read back.
    """
    return bundle_digest(file for file in files if is_part_of_skill(file.path))


def folder_digest(path: Path, limits: Limits) -> str | None:
    """The digest of the files in the folder; None if it cannot be read as a skill."""
    with suppress(FilesRefused, FolderMissing):
        return readable_digest(read_folder(path, limits))
    return None
