"""Reading a skill from a folder by safe traversal.

Folders are opened by descriptor and no link is ever followed, also not one that is
put there meanwhile. One descriptor at a time is open, however deep a folder lies."""

import os
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from errno import ELOOP, ENOENT, ENOTDIR
from itertools import islice, zip_longest
from pathlib import Path
from typing import NamedTuple

from taxonomy.files.file import (
    DEFAULT_LIMITS,
    File,
    Files,
    Limits,
    as_files,
    bundle_digest,
)
from taxonomy.files.gate import (
    LONGEST_PATH,
    FilesRefused,
    FolderMissing,
    changed_meanwhile,
    check_amounts,
    not_a_file,
    not_a_folder,
    require_files,
    too_long_path,
    too_many_folders,
    unreadable,
)

LEFT_OUT = frozenset({".git"})
"""The author's: at the root of a skill, and anywhere around skills."""
LITTER = frozenset({".DS_Store", "Thumbs.db", "__MACOSX"})
"""macOS and Windows put them into every folder that they show or pack."""
ASIDE = ".skillfleet-aside-"
"""How the folder begins that a write makes beside its target."""
LITTER_BEGINS = ("._", ASIDE)


def is_litter(name: str) -> bool:
    return name in LITTER or name.startswith(LITTER_BEGINS)


def belongs(path: str) -> bool:
    """Whether what has this path within a skill is the skill's."""
    parts = path.split("/")
    return parts[0] not in LEFT_OUT and not any(map(is_litter, parts))


def may_hold_skills(path: str) -> bool:
    """Whether skills are looked for in this folder of a source."""
    parts = path.split("/")
    return LEFT_OUT.isdisjoint(parts) and not any(map(is_litter, parts))


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


def read_folder(
    path: Path, limits: Limits = DEFAULT_LIMITS, *, below: str = ""
) -> Files:
    """The files in `path`, or in the folder `below` it; what belongs to no skill is
    left out. A path may lead through links, but neither end in one nor have one in
    `below`.

    Raises `FolderMissing`, or `FilesRefused` with every problem: links, pipes and
    the like, what the gate refuses, what cannot be read, and what changes meanwhile.
    Over the limits nothing is read.
    """
    descriptor = _open(path, below)
    try:
        files = _read(descriptor, limits)
    finally:
        os.close(descriptor)
    return require_files(files, limits)


def _open(path: Path, below: str) -> int:
    with refusing(below):
        try:
            return open_folder(path, below)
        except FileNotFoundError:
            raise FolderMissing(path / below) from None
        except OSError as error:
            if error.errno in TAKEN_AWAY:
                raise FilesRefused([not_a_folder((path / below).name)]) from None
            raise


def _read(root: int, limits: Limits) -> Files:
    found = list(islice(walk(root, limits.files), limits.files + 1))
    problems = [not_a_file(seen.path) for seen in found if not seen.is_file]
    problems += check_amounts([(seen.path, seen.size) for seen in found], limits)
    if problems:
        raise FilesRefused(problems)
    files = as_files(read_file(root, seen) for seen in found)
    _require_unchanged(found, list(walk(root, limits.files)))
    return files


def _require_unchanged(before: list[Seen], after: list[Seen]) -> None:
    """Files that were saved together come in together, or not at all."""
    for one, other in zip_longest(before, after):
        if one != other:
            raise FilesRefused([changed_meanwhile((one or other).path)])


def digest_of(files: Iterable[File]) -> str:
    """Of what is read again after they were written: what belongs to no skill is not
    counted."""
    return bundle_digest(file for file in files if belongs(file.path))


def folder_digest(path: Path, limits: Limits) -> str | None:
    """None: it cannot be read as a skill."""
    with suppress(FilesRefused, FolderMissing):
        return digest_of(read_folder(path, limits))
    return None
