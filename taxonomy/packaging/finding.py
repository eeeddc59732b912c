"""Skills looked for below a folder on disk, and what was passed over."""

import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from taxonomy.packaging.errors import SourceRefused
from taxonomy.packaging.left_out import may_hold_skills
from taxonomy.packaging.unpacking.entries import MOST_FOLDERS
from taxonomy.packaging.walking import opened_folder

SKILL_FILES = frozenset({"SKILL.md", "skill.md"})
"""A folder with one of them is a skill; further ones below it are its files."""
LINKED = "It is a link to a skill, and links are not followed: put a copy in its place."
TOO_DEEP = f"It is nested too deeply: at most {MOST_FOLDERS} folders."


class PassedOver(NamedTuple):
    """A folder that is a skill or may hold some, and was not looked into."""

    path: str
    reason: str


class Identity(NamedTuple):
    """By which a folder is known on whatever path it is reached."""

    device: int
    number: int

    @classmethod
    def of(cls, status: os.stat_result) -> "Identity":
        return cls(status.st_dev, status.st_ino)


class Listing(NamedTuple):
    identity: Identity
    entries: int
    is_skill: bool
    folders: list[str]
    links: dict[str, Identity]
    """Those that lead to a skill, and to which."""


def find_skills(
    root: Path, most: int, passed_over: list[PassedOver] | None = None
) -> Iterator[str]:
    """Skill folders below the root. What they hold is not counted, the rest is.

    At its end `passed_over` has what could not be looked into, and links to skills
    that are not found on another path. Raises OSError for the root alone.
    """
    passed = [] if passed_over is None else passed_over
    with opened_folder(root) as descriptor:
        yield from Search(descriptor, most, passed).run()


class Search:
    def __init__(self, root: int, most: int, passed_over: list[PassedOver]) -> None:
        self.root = root
        self.most = most
        self.passed_over = passed_over
        self.seen = 0
        self.found: set[Identity] = set()
        self.links: dict[str, Identity] = {}

    def run(self) -> Iterator[str]:
        waiting = [""]
        while waiting:
            folder = waiting.pop()
            if (listing := self._look(folder)) is None:
                continue
            if listing.is_skill:
                self.found.add(listing.identity)
                yield folder
                continue
            if self.seen > self.most:
                raise SourceRefused(f"More than {self.most} files and folders.")
            waiting += listing.folders
            self.links |= listing.links
        for path, identity in self.links.items():
            if identity not in self.found:
                self.passed_over.append(PassedOver(path, LINKED))

    def _look(self, folder: str) -> Listing | None:
        """None: it is passed over."""
        if folder.count("/") >= MOST_FOLDERS:
            self.passed_over.append(PassedOver(folder, TOO_DEEP))
            return None
        try:
            listing = listed(self.root, folder, self.most)
        except OSError as error:
            if not folder:
                raise
            reason = f"It cannot be looked into: {error.strerror}."
            self.passed_over.append(PassedOver(folder, reason))
            return None
        self.seen += listing.entries
        return listing


def listed(root: int, folder: str, most: int) -> Listing:
    with opened_folder(root, folder) as descriptor, os.scandir(descriptor) as found:
        entries = list(islice(found, most + 1))
        prefix = f"{folder}/" if folder else ""
        return Listing(
            Identity.of(os.fstat(descriptor)),
            len(entries),
            not SKILL_FILES.isdisjoint(entry.name for entry in entries),
            [
                f"{prefix}{entry.name}"
                for entry in entries
                if entry.is_dir(follow_symlinks=False) and may_hold_skills(entry.name)
            ],
            {
                f"{prefix}{entry.name}": identity
                for entry in entries
                if entry.is_symlink() and (identity := linked(entry.name, descriptor))
            },
        )


def linked(name: str, folder: int) -> Identity | None:
    """The skill that a link leads to; nothing of it is opened."""
    for skill_file in SKILL_FILES:
        with suppress(OSError):
            os.stat(f"{name}/{skill_file}", dir_fd=folder)
            return Identity.of(os.stat(name, dir_fd=folder))
    return None
