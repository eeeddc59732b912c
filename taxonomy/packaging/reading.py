"""A skill read from a folder on disk, without surprises."""

import os
from collections.abc import Iterable
from contextlib import suppress
from itertools import islice, zip_longest
from pathlib import Path

from taxonomy.packaging.errors import FilesRefused, FolderMissing
from taxonomy.packaging.files import File, Files, as_files, bundle_digest
from taxonomy.packaging.gate import (
    changed_meanwhile,
    check_amounts,
    not_a_file,
    not_a_folder,
    require_files,
)
from taxonomy.packaging.left_out import belongs
from taxonomy.packaging.limits import DEFAULT_LIMITS, Limits
from taxonomy.packaging.walking import (
    TAKEN_AWAY,
    Seen,
    open_folder,
    read_file,
    refusing,
    walk,
)


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
