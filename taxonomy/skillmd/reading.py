"""One skill folder, read once for all the checks."""

import re
from dataclasses import dataclass
from typing import Any

from taxonomy.packaging.files import File, Files
from taxonomy.packaging.limits import DEFAULT_LIMITS, Limits
from taxonomy.skillmd.document import Document, decode, parse
from taxonomy.skillmd.errors import SkillMdError
from taxonomy.skillmd.findings import Finding, Severity

NAMES = ("SKILL.md", "skill.md")


@dataclass(frozen=True)
class Reading:
    """The files, and either the document or the `problem` that hides it.

    `folder_name` is None where there is no folder yet: its rule is then left out.
    """

    files: Files
    folder_name: str | None
    file: File | None = None
    text: str = ""
    document: Document | None = None
    problem: Finding | None = None

    @property
    def path(self) -> str:
        return self.file.path if self.file else NAMES[0]

    @property
    def paths(self) -> frozenset[str]:
        return frozenset(file.path for file in self.files)

    @property
    def frontmatter(self) -> dict[str, Any]:
        return self.document.frontmatter if self.document else {}

    @property
    def body(self) -> str:
        return self.document.body if self.document else ""

    def line_of(self, field: str) -> int:
        """The line of a top-level frontmatter field; 1 where it is not found."""
        found = re.search(rf"^[\"']?{re.escape(field)}[\"']?\s*:", self.text, re.M)
        return self.text.count("\n", 0, found.start()) + 1 if found else 1

    @property
    def body_line(self) -> int:
        """The line on which the body begins."""
        return self.text.count("\n", 0, max(self.text.rfind(self.body), 0)) + 1


def read_skill(
    files: Files, folder_name: str | None, limits: Limits = DEFAULT_LIMITS
) -> Reading:
    """Never raises: what keeps the document from being read becomes `problem`."""
    by_path = {file.path: file for file in files}
    file = next((by_path[name] for name in NAMES if name in by_path), None)
    if file is None:
        return Reading(files, folder_name, problem=_missing())
    text = ""
    try:
        text = decode(file.content)
        document = parse(text, limits)
    except SkillMdError as error:
        problem = _as_finding(error, file.path)
        return Reading(files, folder_name, file, text, problem=problem)
    return Reading(files, folder_name, file, text, document)


def _missing() -> Finding:
    return Finding(
        "file.missing",
        Severity.ERROR,
        "Missing required file: SKILL.md",
        "Put a SKILL.md at the root of the skill.",
        file=NAMES[0],
    )


def _as_finding(error: SkillMdError, path: str) -> Finding:
    return Finding(
        error.rule,
        Severity.ERROR,
        str(error),
        error.remedy,
        file=path,
        line=error.line,
        field=error.field if error.field != "content" else "",
    )
