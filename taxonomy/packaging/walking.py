"""Folders by their descriptors: no link is followed, whenever it was put there.

Only one descriptor is open at a time, however deep a folder lies.
"""

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from errno import ELOOP, ENOENT, ENOTDIR
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from taxonomy.packaging.errors import FilesRefused
from taxonomy.packaging.files import File
from taxonomy.packaging.gate import (
    LONGEST_PATH,
    changed_meanwhile,
    too_long_path,
    too_many_folders,
    unreadable,
)
from taxonomy.packaging.left_out import belongs

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW
FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK
TAKEN_AWAY = frozenset({ENOENT, ENOTDIR, ELOOP})
"""What opening says where a link, or nothing, lies in the place of what was seen."""


class Seen(NamedTuple):
    """What is no folder, as it was when it was looked at."""

    path: str
    mode: int
    size: int
    modified_ns: int

    @classmethod
    def of(cls, path: str, status: os.stat_result) -> "Seen":
        return cls(path, status.st_mode, status.st_size, status.st_mtime_ns)

    @property
    def is_file(self) -> bool:
        return stat.S_ISREG(self.mode)


def open_folder(root: Path | int, below: str = "") -> int:
    """A descriptor, part by part from the root. OSError where a link is on the way,
    or is the root itself. Whoever opens it closes it."""
    if isinstance(root, int):
        descriptor = os.open(".", FOLDER, dir_fd=root)
    else:
        descriptor = os.open(root, FOLDER)
    for part in filter(None, below.split("/")):
        above = descriptor
        try:
            descriptor = os.open(part, FOLDER, dir_fd=above)
        finally:
            os.close(above)
    return descriptor


@contextmanager
def opened_folder(root: Path | int, below: str = "") -> Iterator[int]:
    descriptor = open_folder(root, below)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def walk(root: int, most: int) -> Iterator[Seen]:
    """Whatever belongs to the skill in this folder and is no folder.

    More than `most` folders raise `FilesRefused`, and so does what cannot be listed;
    of a folder that holds more entries the rest is not looked at.
    """
    waiting, folders = [""], 0
    while waiting:
        folder = waiting.pop()
        folders += 1
        if folders > most:
            raise FilesRefused([too_many_folders(most)])
        if len(os.fsencode(folder)) > LONGEST_PATH:
            raise FilesRefused([too_long_path(folder)])
        inner, others = _listed(root, folder, most)
        waiting += inner
        yield from others


def _listed(root: int, folder: str, most: int) -> tuple[list[str], list[Seen]]:
    """The paths of the folders in it, and the rest; no further than is refused."""
    inner, others = [], []
    with (
        refusing(folder),
        opened_folder(root, folder) as descriptor,
        os.scandir(descriptor) as entries,
    ):
        some = islice(entries, 2 * most + 2)
        for entry in sorted(some, key=lambda entry: entry.name):
            path = f"{folder}{entry.name}"
            if not belongs(path):
                continue
            if entry.is_dir(follow_symlinks=False):
                inner.append(f"{path}/")
            else:
                others.append(Seen.of(path, entry.stat(follow_symlinks=False)))
    return inner, others


def read_file(root: int, seen: Seen) -> File:
    """Raises FilesRefused unless it is still what was seen, and all of it is read."""
    folder, _, name = seen.path.rpartition("/")
    with refusing(seen.path), opened_folder(root, folder) as descriptor:

        def opener(name: str, _: int) -> int:
            return os.open(name, FILE, dir_fd=descriptor)

        with open(name, "rb", opener=opener) as stream:
            same = Seen.of(seen.path, os.fstat(stream.fileno())) == seen
            content = stream.read(seen.size + 1) if same else b""
    if not same or len(content) != seen.size:
        raise FilesRefused([changed_meanwhile(seen.path)])
    return File(seen.path, content, executable=bool(seen.mode & stat.S_IXUSR))


@contextmanager
def refusing(path: str) -> Iterator[None]:
    """What the system says of this path, as a finding about it."""
    try:
        yield
    except OSError as error:
        if error.errno in TAKEN_AWAY:
            raise FilesRefused([changed_meanwhile(path)]) from error
        raise FilesRefused([unreadable(path, error.strerror or "")]) from error
