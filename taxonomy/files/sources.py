"""Sources of skills: a folder, a git checkout, an archive, or uploaded files.

`open_source` finds the folders that are skills. Each skill is read from it later.
"""

import os
import stat
from collections.abc import (
    Callable,
    Collection,
    Container,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
    Sized,
)
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import IO, NamedTuple, Protocol

from taxonomy.files.archives import MOST_FOLDERS, Entry, inner_path, opened
from taxonomy.files.gate import (
    DEFAULT_SOURCE_LIMITS,
    File,
    Files,
    FilesRefused,
    FolderMissing,
    SourceLimits,
    SourceRefused,
    as_files,
    changed_meanwhile,
    check_amounts,
    is_skill_file,
    misspelt_skill_md,
    not_a_file,
    require_files,
)
from taxonomy.files.read import (
    CHECKOUT_FOLDERS,
    Identity,
    ListedFile,
    is_ignored,
    is_part_of_skill,
    opened_folder,
    read_file,
    read_folder,
)


def may_hold_skills(path: str) -> bool:
    """Whether this folder of a source is searched for skills."""
    parts = path.split("/")
    return CHECKOUT_FOLDERS.isdisjoint(parts) and not any(map(is_ignored, parts))


SKILL_FILE = "SKILL.md"
"""A folder with this file is a skill; those in folders below it are its files."""
LINKED = (
    "This is a link to a skill, and links are not followed: replace it with a copy."
)
TOO_DEEP = f"The folder is nested too deeply: at most {MOST_FOLDERS} levels."


class Skipped(NamedTuple):
    """A folder that is a skill or may contain skills, but was not read, and why."""

    path: str
    reason: str


class Listing(NamedTuple):
    identity: Identity
    entries: int
    skill_file: str
    """The name of its SKILL.md, which may be misspelt; empty if it has none."""
    folders: list[str]
    links: dict[str, Identity]
    """By path: the links that lead to a skill, and the identity of its folder."""


@dataclass
class Discovery:
    """What the search of a source has found."""

    folders: list[str] = field(default_factory=list)
    """The folders of all skills, also those with a misspelt SKILL.md."""
    misspelt: dict[str, str] = field(default_factory=dict)
    """By folder: the name of a SKILL.md that is not spelt so, as in `Skill.md`."""
    skipped: list[Skipped] = field(default_factory=list)
    """Folders that could not be read, and links to skills that have no other path."""


def find_skills(root: Path, limit: int) -> Discovery:
    """Search the skill folders below the root.

    Files and folders outside of skills are counted; more than `limit` raise
    SourceRefused. Raises OSError for the root alone.
    """
    with opened_folder(root) as descriptor:
        search = SkillSearch(descriptor, limit)
        search.run()
    discovery = search.discovery
    discovery.folders.sort()
    discovery.skipped.sort()
    return discovery


class SkillSearch:
    """The depth-first search of `find_skills`; it does not enter skill folders."""

    def __init__(self, root: int, limit: int) -> None:
        self.root = root
        self.limit = limit
        self.discovery = Discovery()
        self.entries = 0
        self.skills: set[Identity] = set()
        self.links: dict[str, Identity] = {}

    def run(self) -> None:
        stack = [""]
        while stack:
            folder = stack.pop()
            if (listing := self._list(folder)) is None:
                continue
            if listing.skill_file:
                self.skills.add(listing.identity)
                self.discovery.folders.append(folder)
            if listing.skill_file == SKILL_FILE:
                continue
            if listing.skill_file:
                self.discovery.misspelt[folder] = listing.skill_file
            if self.entries > self.limit:
                raise SourceRefused(f"More than {self.limit} files and folders.")
            stack += listing.folders
            self.links |= listing.links
        for path, identity in self.links.items():
            if identity not in self.skills:
                self._skip(path, LINKED)

    def _skip(self, path: str, reason: str) -> None:
        self.discovery.skipped.append(Skipped(path, reason))

    def _list(self, folder: str) -> Listing | None:
        """None if the folder is skipped."""
        if folder.count("/") >= MOST_FOLDERS:
            self._skip(folder, TOO_DEEP)
            return None
        try:
            listing = list_folder(self.root, folder, self.limit)
        except OSError as error:
            if not folder:
                raise
            self._skip(folder, f"The folder cannot be read: {error.strerror}.")
            return None
        self.entries += listing.entries
        return listing


def list_folder(root: int, folder: str, limit: int) -> Listing:
    """List a folder of a source, up to one entry more than the limit."""
    with opened_folder(root, folder) as descriptor, os.scandir(descriptor) as scan:
        entries = list(islice(scan, limit + 1))
        prefix = f"{folder}/" if folder else ""
        subfolders = [
            entry.name for entry in entries if entry.is_dir(follow_symlinks=False)
        ]
        return Listing(
            Identity.of(os.fstat(descriptor)),
            len(entries),
            skill_file_in([entry.name for entry in entries], subfolders),
            [f"{prefix}{name}" for name in subfolders if may_hold_skills(name)],
            {
                f"{prefix}{entry.name}": identity
                for entry in entries
                if entry.is_symlink()
                and (identity := linked_skill(entry.name, descriptor))
            },
        )


def skill_file_in(names: Collection[str], folders: Collection[str] = ()) -> str:
    """The name of the SKILL.md among the names in a folder, or of one misspelt.

    `folders` are those that are folders. Empty: the folder is no skill.
    """
    if SKILL_FILE in names:
        return SKILL_FILE
    misspelt = (n for n in names if n not in folders and is_skill_file(n))
    return min(misspelt, default="")


def linked_skill(name: str, folder: int) -> Identity | None:
    """The skill that the link leads to, if it does; none of its files is opened."""
    for skill_file in (SKILL_FILE, "skill.md"):
        with suppress(OSError):
            os.stat(f"{name}/{skill_file}", dir_fd=folder)
            return Identity.of(os.stat(name, dir_fd=folder))
    return None


MOST_SKIPPED = 20
"""An error names at most so many skipped folders."""


class SkillSource(Protocol):
    """A folder or archive of skills, each known by the path of its folder.

    The path is `""` if the source itself is one skill.
    """

    @property
    def folders(self) -> Sequence[str]: ...

    @property
    def skipped(self) -> Sequence[Skipped]:
        """Folders that were not read: their skills must not be taken for removed."""

    @property
    def misspelt(self) -> Mapping[str, str]:
        """By folder: the name of a SKILL.md that is not spelt so."""

    def read(self, folder: str) -> Files:
        """All files of one skill. Raises FilesRefused or SourceRefused."""

    def read_skill_file(self, folder: str) -> Files:
        """The SKILL.md alone, of a skill whose other files are refused; () without."""

    def name_of(self, folder: str) -> str | None:
        """The last part of the folder's path; None for the root of an archive."""


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
    """Open a regular file for reading.

    Raises SourceRefused for a pipe or a device, at once: opening does not block.
    """
    try:
        file = open(path, "rb", opener=_open_without_blocking)  # noqa: SIM115
    except OSError as error:
        raise SourceRefused(f"{path}: {error.strerror}.") from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise SourceRefused(f"{path} is neither a folder nor a file.")
    return file


def _open_without_blocking(path: str, flags: int) -> int:
    return os.open(path, flags | os.O_NONBLOCK)


@contextmanager
def open_archive(
    file: IO[bytes], limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> Iterator["EntrySource"]:
    """The skills of an archive in a seekable file. Raises SourceRefused."""
    with opened(file, limits) as archive:
        yield EntrySource(archive.entries, archive.content, limits)


def uploaded_files(
    files: Files, limits: SourceLimits = DEFAULT_SOURCE_LIMITS
) -> "EntrySource":
    """The skills in files that a request contains one by one.

    Raises SourceRefused for unsafe paths, as in archives.
    """
    entries = [
        Entry(
            inner_path(file.path.encode()),
            len(file.content),
            offset=index,
            executable=file.executable,
        )
        for index, file in enumerate(files)
    ]
    contents = [file.content for file in files]
    return EntrySource(entries, lambda entry: contents[entry.offset], limits)


class EntrySource:
    """The skills in an archive or in uploaded files.

    Its entries have passed the checks of `archives`, as a whole.
    """

    def __init__(
        self,
        entries: Iterable[Entry],
        content: Callable[[Entry], bytes],
        limits: SourceLimits,
    ) -> None:
        entries = tuple(entries)
        self.limits = limits
        self.content = content
        spelt, self.misspelt = skill_folders(entries)
        self.skills: dict[str, list[Entry]] = {
            folder: [] for folder in sorted(spelt | self.misspelt.keys())
        }
        require_skills(self.skills)
        for entry in entries:
            parents = tuple(folders_of(entry.path))
            folder = first_in(parents, spelt)
            if folder is None:
                folder = first_in(reversed(parents), self.misspelt)
            if folder is not None:
                self.skills[folder].append(entry)
        self.folders = tuple(self.skills)
        self.skipped: tuple[Skipped, ...] = ()

    def name_of(self, folder: str) -> str | None:
        return folder.rpartition("/")[2] or None

    def read(self, folder: str) -> Files:
        """All files of one skill. Their sizes are checked before any is unpacked."""
        if name := self.misspelt.get(folder):
            raise FilesRefused([misspelt_skill_md(name)])
        prefix = len(folder) + 1 if folder else 0
        entries = [
            (path, entry)
            for entry in self.skills[folder]
            if is_part_of_skill(path := entry.path[prefix:])
        ]
        problems = [not_a_file(path) for path, entry in entries if not entry.is_file]
        sizes = [(path, entry.size) for path, entry in entries]
        problems += check_amounts(sizes, self.limits.skill)
        if problems:
            raise FilesRefused(problems)
        files = as_files(
            File(path, self.content(entry), entry.executable) for path, entry in entries
        )
        return require_files(files, self.limits.skill)

    def read_skill_file(self, folder: str) -> Files:
        name = self.misspelt.get(folder, SKILL_FILE)
        path = f"{folder}/{name}" if folder else name
        limit = self.limits.skill.file_bytes
        for entry in self.skills[folder]:
            if entry.path == path and entry.is_file and entry.size <= limit:
                with suppress(SourceRefused):
                    return (File(name, self.content(entry), entry.executable),)
        return ()


def skill_folders(entries: Iterable[Entry]) -> tuple[set[str], dict[str, str]]:
    """Folders that have a SKILL.md, and those where it is misspelt, with its name.

    Folders inside of a skill are not among them.
    """
    spelt: set[str] = set()
    misspelt: dict[str, str] = {}
    for entry in entries:
        folder, _, name = entry.path.rpartition("/")
        if not is_skill_file(name) or not may_hold_skills(folder):
            continue
        if name == SKILL_FILE:
            spelt.add(folder)
        else:
            misspelt[folder] = min(name, misspelt.get(folder, name))
    outermost = {each for each in spelt if first_in(folders_of(each), spelt) is None}
    outside = {
        folder: name
        for folder, name in misspelt.items()
        if folder not in spelt and first_in(folders_of(folder), spelt) is None
    }
    return outermost, outside


def folders_of(path: str) -> Iterator[str]:
    """The folders above the path, the outermost first: `a/b/c` → ``, `a`, `a/b`."""
    if path:
        yield ""
    slash = path.find("/")
    while slash > 0:
        yield path[:slash]
        slash = path.find("/", slash + 1)


def first_in(paths: Iterable[str], collection: Container[str]) -> str | None:
    return next((path for path in paths if path in collection), None)


def require_skills(folders: Sized, skipped: Iterable[Skipped] = ()) -> None:
    """Raises SourceRefused if there are no skill folders."""
    if not folders:
        reasons = [f"{path}: {reason}" for path, reason in skipped]
        raise SourceRefused(" ".join(["There is no SKILL.md in it.", *reasons]))


class FolderSource:
    """The skills below a folder on disk. The folder may be a link, those in it not."""

    def __init__(self, root: Path, limits: SourceLimits) -> None:
        self.root = root.resolve()
        self.name = os.path.basename(os.path.abspath(root))
        self.limits = limits
        try:
            discovery = find_skills(self.root, limits.entries)
        except OSError as error:
            raise SourceRefused(f"{root}: {error.strerror}.") from error
        self.folders = tuple(discovery.folders)
        self.misspelt = discovery.misspelt
        self.skipped = tuple(discovery.skipped)
        require_skills(self.folders, self.skipped[:MOST_SKIPPED])

    def name_of(self, folder: str) -> str | None:
        return folder.rpartition("/")[2] or self.name or None

    def read(self, folder: str) -> Files:
        if name := self.misspelt.get(folder):
            raise FilesRefused([misspelt_skill_md(name)])
        try:
            return read_folder(self.root, self.limits.skill, below=folder)
        except FolderMissing:
            raise FilesRefused([changed_meanwhile(folder)]) from None

    def read_skill_file(self, folder: str) -> Files:
        name = self.misspelt.get(folder, SKILL_FILE)
        with suppress(OSError, FilesRefused), opened_folder(self.root, folder) as below:
            listed = ListedFile.of(
                name, os.stat(name, dir_fd=below, follow_symlinks=False)
            )
            if listed.is_file and listed.size <= self.limits.skill.file_bytes:
                return (read_file(below, listed),)
        return ()
