"""The folder of published skills of others. Tests that need it skip without it."""

import os
from pathlib import Path

import pytest

from taxonomy.files.gate import File, Files, as_files

CORPUS = Path(
    os.environ.get("SKILLFLEET_CORPUS")
    or Path(__file__).parents[3].parent / "shared" / "corpus"
)
needs_corpus = pytest.mark.skipif(
    not CORPUS.is_dir(), reason="no corpus of published skills here"
)


def published_skills() -> list[Path]:
    return sorted(path.parent for path in CORPUS.glob("skills/**/SKILL.md"))


def files_below(folder: Path) -> Files:
    return as_files(
        File(path.relative_to(folder).as_posix(), path.read_bytes())
        for path in folder.rglob("*")
        if path.is_file()
    )
