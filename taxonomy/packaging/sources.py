"""Where many skills come from: a folder, an archive, or files that were sent."""

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Protocol

from taxonomy.packaging.errors import FilesRefused, FolderMissing, SourceRefused
from taxonomy.packaging.files import File, Files, as_files
from taxonomy.packaging.finding import SKILL_FILES, PassedOver, find_skills
from taxonomy.packaging.gate import (
    changed_meanwhile,
    check_amounts,
    not_a_file,
    require_files,
)
from taxonomy.packaging.left_out import belongs, may_hold_skills
from taxonomy.packaging.limits import DEFAULT_SOURCE_LIMITS, SourceLimits
from taxonomy.packaging.reading import read_folder
from taxonomy.packaging.unpacking.entries import Entry, inner_path
from taxonomy.packaging.unpacking.opening import opened

MOST_TOLD = 20


class SkillSource(Protocol):
    """Skills by the path of their folder, `""` for one that fills the source."""

    @property
    def folders(self) -> Sequence[str]: ...

    @property
    def passed_over(self) -> Sequence[PassedOver]:
        """Nothing is known of what these folders hold: it is not gone from them."""

    def read(self, folder: str) -> Files:
        """All files of one skill. Raises FilesRefused or SourceRefused."""

    def name_of(self, folder: str) -> str | None:
        """The folder's own name; None where it has none."""


@contextmanager
def open_source(
    path: Path, limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> Iterator[SkillSource]:
    """A folder (also a git checkout) or an archive. Raises SourceRefused."""
    if os.path.isdir(path):
        yield FolderSource(path, limits)
        return
    with regular_file(path) as file, open_archive(file, limits) as source:
        yield source


def regular_file(path: Path) -> IO[bytes]:
    """A pipe or a device is not waited for. Raises SourceRefused."""
    try:
        file = open(path, "rb", opener=at_once)  # noqa: SIM115
    except OSError as error:
        raise SourceRefused(f"{path}: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise SourceRefused(f"{path} is no folder and no file.")
    return file


def at_once(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


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
        self.passed_over: tuple[PassedOver, ...] = ()

    def name_of(self, folder: str) -> str | None:
        return folder.rpartition("/")[2] or None

    def read(self, folder: str) -> Files:
        """Sizes are looked at before anything is read."""
        cut = len(folder) + 1 if folder else 0
        found = [
            (entry.path[cut:], entry)
            for entry in self.skills[folder]
            if belongs(entry.path[cut:])
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
    split = (entry.path.rpartition("/") for entry in entries)
    folders = {
        folder
        for folder, _, name in split
        if name in SKILL_FILES and may_hold_skills(folder)
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


def require_some(
    folders: Iterable[str], passed_over: Iterable[PassedOver] = ()
) -> None:
    if not any(True for _ in folders):
        reasons = [f"{path}: {reason}" for path, reason in passed_over]
        raise SourceRefused(" ".join(["There is no SKILL.md in it.", *reasons]))


class FolderSource:
    """Skills below a folder on disk, which alone may be a link."""

    def __init__(self, root: Path, limits: SourceLimits) -> None:
        self.root = root.resolve()
        self.name = os.path.basename(os.path.abspath(root))
        self.limits = limits
        passed_over: list[PassedOver] = []
        try:
            found = sorted(find_skills(self.root, limits.entries, passed_over))
        except OSError as error:
            raise SourceRefused(f"{root}: {error.strerror}.") from error
        self.folders = tuple(found)
        self.passed_over = tuple(sorted(passed_over))
        require_some(self.folders, self.passed_over[:MOST_TOLD])

    def name_of(self, folder: str) -> str | None:
        return folder.rpartition("/")[2] or self.name or None

    def read(self, folder: str) -> Files:
        try:
            return read_folder(self.root, self.limits.skill, below=folder)
        except FolderMissing:
            raise FilesRefused([changed_meanwhile(folder)]) from None
