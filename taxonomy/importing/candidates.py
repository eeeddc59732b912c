"""A folder of a source as a skill that may be imported."""

from dataclasses import dataclass

from taxonomy.exceptions import InvalidSkill
from taxonomy.files.file import Files, bundle_digest
from taxonomy.files.sources import SkillSource
from taxonomy.models.address import MAX_NAME_CHARS, SKILL_NAME
from taxonomy.package import Admitted, admit, configured_limits
from taxonomy.skillmd.document import read_skill
from taxonomy.skillmd.specification import ALLOWED_FIELDS


@dataclass(frozen=True)
class Found:
    """What lies in a folder, before anyone reads it."""

    folder: str
    files: Files
    digest: str


@dataclass(frozen=True)
class Candidate:
    """A skill that keeps the rules; `notes` say which it would have broken."""

    found: Found
    admitted: Admitted
    notes: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        return self.admitted.name


def find(source: SkillSource, folder: str) -> Found:
    """Raises FilesRefused or SourceRefused."""
    files = source.read(folder)
    return Found(folder, files, bundle_digest(files))


def judge(found: Found, folder_name: str | None, lenient: bool) -> Candidate:
    """Raises InvalidSkill with every rule that is broken."""
    admitted = admit(found.files, lenient=lenient)
    notes = []
    if unknown := sorted(admitted.frontmatter.keys() - ALLOWED_FIELDS):
        notes.append(f"Unknown fields kept: {', '.join(unknown)}.")
    if folder_name not in (None, admitted.name):
        mismatch = f"The folder's name {folder_name!r} is not {admitted.name!r}."
        if not lenient:
            raise InvalidSkill(name=f"{mismatch} Rename one of them, or be lenient.")
        notes.append(mismatch)
    return Candidate(found, admitted, tuple(notes))


def said_name(files: Files) -> str:
    """The name that SKILL.md gives, whatever else is wrong with it; or nothing."""
    said = read_skill(files, None, configured_limits()).frontmatter.get("name")
    if isinstance(said, str) and len(said) <= MAX_NAME_CHARS:
        return said if SKILL_NAME.fullmatch(said) else ""
    return ""
