"""Where many skills come from: a folder, an archive, or files that were sent."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import IO, Protocol

from taxonomy.packaging.errors import FilesRefused, SourceRefused
from taxonomy.packaging.files import File, Files, as_files
from taxonomy.packaging.folder import LEFT_OUT, read_folder
from taxonomy.packaging.gate import check_amounts, not_a_file, require_files
from taxonomy.packaging.limits import DEFAULT_SOURCE_LIMITS, SourceLimits
from taxonomy.packaging.unpacking.entries import Entry, inner_path
from taxonomy.packaging.unpacking.opening import opened

SKILL_FILES = frozenset({"SKILL.md", "skill.md"})
"""A folder with one of them is a skill; further ones below it are its files."""


class SkillSource(Protocol):
    """Skills by the path of their folder, `""` for one that fills the source."""

    @property
    def folders(self) -> Sequence[str]: ...

    def read(self, folder: str) -> Files:
        """All files of one skill. Raises FilesRefused or SourceRefused."""

    def name_of(self, folder: str) -> str | None:
        """The folder's own name; None where it has none."""


@contextmanager
def open_source(
    path: Path, limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> Iterator[SkillSource]:
    """A folder (also a git checkout) or an archive. Raises SourceRefused."""
    if path.is_dir():
        yield FolderSource(path, limits)
        return
    with regular_file(path) as file, open_archive(file, limits) as source:
        yield source


def regular_file(path: Path) -> IO[bytes]:
    """A pipe or a device is not waited for. Raises SourceRefused."""
    try:
        file = open(os.open(path, os.O_RDONLY | os.O_NONBLOCK), "rb")  # noqa: SIM115
    except OSError as error:
        raise SourceRefused(f"{path}: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise SourceRefused(f"{path} is no folder and no file.")
    return file


@contextmanager
def open_archive(
    file: IO[bytes], limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> Iterator["EntrySource"]:
    """An archive in a seekable file. Raises SourceRefused."""
    with opened(file, limits) as archive:
        yield EntrySource(archive.entries, archive.content, limits)


def sent_files(
    files: Files, limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> "EntrySource":
    """Files with the paths that a request gives them. Raises SourceRefused."""
    entries = [
        Entry(
            inner_path(file.path.encode()),
            len(file.content),
            offset=place,
            executable=file.executable,
        )
        for place, file in enumerate(files)
    ]
    contents = [file.content for file in files]
    return EntrySource(entries, lambda entry: contents[entry.offset], limits)


class EntrySource:
    """Skills in a list of entries, which has been checked as a whole."""

    def __init__(
        self,
        entries: Iterable[Entry],
        content: Callable[[Entry], bytes],
        limits: SourceLimits,
    ) -> None:
        entries = tuple(entries)
        self.limits = limits
        self.content = content
        self.skills: dict[str, list[Entry]] = {
            folder: [] for folder in sorted(skill_folders(entries))
        }
        require_some(self.skills)
        for entry in entries:
            if (folder := first_of(above(entry.path), self.skills)) is not None:
                self.skills[folder].append(entry)
        self.folders = tuple(self.skills)

    def name_of(self, folder: str) -> str | None:
        return folder.rpartition("/")[2] or None

    def read(self, folder: str) -> Files:
        """Sizes are looked at before anything is read."""
        cut = len(folder) + 1 if folder else 0
        found = [
            (entry.path[cut:], entry)
            for entry in self.skills[folder]
            if entry.path[cut:].partition("/")[0] not in LEFT_OUT
        ]
        problems = [not_a_file(name) for name, entry in found if not entry.is_file]
        problems += check_amounts(
            [(name, entry.size) for name, entry in found], self.limits.skill
        )
        if problems:
            raise FilesRefused(problems)
        files = as_files(
            File(name, self.content(entry), entry.executable) for name, entry in found
        )
        return require_files(files, self.limits.skill)


def skill_folders(entries: Iterable[Entry]) -> set[str]:
    """Folders with a SKILL.md, and with none in a folder above."""
    folders = {
        entry.path.rpartition("/")[0]
        for entry in entries
        if entry.path.rpartition("/")[2] in SKILL_FILES
    }
    return {each for each in folders if first_of(above(each), folders) is None}


def above(path: str) -> Iterator[str]:
    """The folders that hold it, the outermost first: `""` of whatever has a name."""
    if path:
        yield ""
    place = path.find("/")
    while place > 0:
        yield path[:place]
        place = path.find("/", place + 1)


def first_of(paths: Iterable[str], among: Iterable[str]) -> str | None:
    return next((path for path in paths if path in among), None)


def require_some(folders: Iterable[str]) -> None:
    if not any(True for _ in folders):
        raise SourceRefused("There is no SKILL.md in it.")


class FolderSource:
    """Skills below a folder on disk. Links are not followed; `.git` is left out."""

    def __init__(self, root: Path, limits: SourceLimits) -> None:
        self.root = root
        self.limits = limits
        try:
            self.folders = tuple(sorted(find_skills(root, limits.entries)))
        except OSError as error:
            raise SourceRefused(f"{error.filename}: {error.strerror}.") from error
        require_some(self.folders)

    def name_of(self, folder: str) -> str | None:
        return (self.root / folder).resolve().name or None

    def read(self, folder: str) -> Files:
        try:
            return read_folder(self.root / folder, self.limits.skill)
        except OSError as error:
            raise SourceRefused(f"{error.filename}: {error.strerror}.") from error


def find_skills(root: Path, most: int) -> Iterator[str]:
    """Skill folders below the root. What they hold is not counted, the rest is."""
    waiting, seen = [""], 0
    while waiting:
        prefix = waiting.pop()
        with os.scandir(root / prefix) as found:
            entries = list(islice(found, most + 1))
        seen += len(entries)
        if SKILL_FILES & {entry.name for entry in entries}:
            yield prefix.removesuffix("/")
            continue
        if seen > most:
            raise SourceRefused(f"More than {most} files and folders.")
        waiting += [
            f"{prefix}{entry.name}/"
            for entry in entries
            if entry.is_dir(follow_symlinks=False) and entry.name not in LEFT_OUT
        ]
