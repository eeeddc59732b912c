"""The folder that is kept like the fleet: skills in it, wherever they lie."""

import os
from collections.abc import Sequence
from pathlib import Path

from taxonomy.files.file import Files, SourceLimits
from taxonomy.files.gate import FolderOccupied, SourceRefused
from taxonomy.files.sources import FolderSource, PassedOver, find_skills

EMPTY = "There is no skill in the folder at all; nothing is archived for that."
UNREAD = "It may be in {!r} of the folder, which was not looked into."


class Shelf:
    """Raises SourceRefused when it cannot be looked through, or is itself a skill."""

    def __init__(self, root: Path, limits: SourceLimits) -> None:
        self.root = root
        self.source = source_in(root, limits)
        folders = self.source.folders if self.source else ()
        if "" in folders:
            raise SourceRefused(
                f"{root} is a skill itself: name the folder above it, or take its "
                "SKILL.md away."
            )
        self.by_name: dict[str, list[str]] = {}
        for folder in folders:
            self.by_name.setdefault(folder.rpartition("/")[2], []).append(folder)

    @property
    def passed_over(self) -> Sequence[PassedOver]:
        return self.source.passed_over if self.source else ()

    @property
    def why_unsure(self) -> str:
        """Why a skill that is not found may be there all the same, or nothing."""
        if self.passed_over:
            return UNREAD.format(self.passed_over[0].path)
        return "" if self.by_name else EMPTY

    def places(self, name: str) -> list[str]:
        return self.by_name.get(name, [])

    def place(self, name: str) -> Path:
        """Where it lies, or would."""
        return self.root / next(iter(self.places(name)), name)

    def read(self, name: str) -> Files | None:
        """None: it is not there. Raises FolderOccupied where something else is."""
        if self.source and (places := self.places(name)):
            return self.source.read(places[0])
        place = self.root / name
        is_free = not os.path.lexists(place) or is_empty_folder(place)
        if not is_free:
            raise FolderOccupied(place)
        return None


def is_empty_folder(path: Path) -> bool:
    return path.is_dir() and not path.is_symlink() and not any(path.iterdir())


def source_in(root: Path, limits: SourceLimits) -> FolderSource | None:
    """None: there is no skill in it yet."""
    try:
        if not root.exists() or not any(
            True for _ in find_skills(root, limits.entries)
        ):
            return None
    except OSError as error:
        raise SourceRefused(f"{error.filename}: {error.strerror}.") from error
    return FolderSource(root, limits)
