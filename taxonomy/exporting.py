"""Skills as one archive, each in a folder of its own."""

import dataclasses
import filecmp
import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

from taxonomy.files.archives import Form
from taxonomy.files.file import File
from taxonomy.files.gate import FolderOccupied
from taxonomy.models import Skill


def write_archive(
    skills: Iterable[Skill], target: Path, form: Form, *, replace: bool
) -> None:
    """In one step, and skill by skill: all of them need not fit into memory.

    A target with other bytes raises FolderOccupied unless `replace`.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    beside = Path(name)
    try:
        os.fchmod(descriptor, 0o644)
        with open(descriptor, "wb") as file:
            form.write(in_folders(skills), file)
        if target.exists() and filecmp.cmp(beside, target, shallow=False):
            return
        if os.path.lexists(target) and not replace:
            raise FolderOccupied(target)
        beside.replace(target)
    finally:
        beside.unlink(missing_ok=True)


def in_folders(skills: Iterable[Skill]) -> Iterator[File]:
    for skill in skills:
        for file in skill.current.bundle.files():
            yield dataclasses.replace(file, path=f"{skill.name}/{file.path}")
