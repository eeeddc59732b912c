"""A skill's files as a value that is hashed, gated, parsed and validated only once.

Whoever receives a skill (import, API, draft, author) makes a `SkillPackage` of it, and
passes that on to validation and publishing. What it computes is kept in it.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any, Self
from uuid import UUID

from taxonomy.exceptions import InvalidSkill
from taxonomy.files.gate import (
    DEFAULT_LIMITS,
    Files,
    Limits,
    as_files,
    bundle_digest,
    check_files,
)
from taxonomy.scan.engine import scan
from taxonomy.skillmd.document import Document, Reading, read_skill, render
from taxonomy.skillmd.findings import Findings, Severity, WaivedFinding
from taxonomy.skillmd.portable import portable_findings
from taxonomy.skillmd.quality import quality_checks
from taxonomy.skillmd.report import Report
from taxonomy.skillmd.specification import specification_findings

RESERVED_NAMES = frozenset({"validate", "import", "search", "stream"})
"""They are addresses of the API below /skills."""
SKILL_MD = "SKILL.md"
LABEL_LISTS = {
    "keywords": "keyword",
    "tags": "tag",
    "capabilities": "capability",
}
"""Fields of `metadata` that hold labels, with commas between them, and their kind."""
TOOL = "tool"
UP_TO_A_BRACKET = re.compile(r"[^()]*[()]?")
BETWEEN_TOOLS = re.compile(r"[,\s]")
MAX_LABEL_CHARS = 200
TOLERATED = frozenset({"frontmatter.fields"})
"""Rules that a lenient import lets a skill break: no client stumbles over it."""


@dataclass(frozen=True)
class SkillMetadata:
    """What a SKILL.md says, as the database keeps it."""

    name: str
    description: str
    version: str
    """`metadata.version`, as it was written; empty if there is none."""
    labels: Mapping[str, frozenset[str]]
    """By kind, for the kinds that the frontmatter names."""
    frontmatter: Mapping[str, Any]
    body: str

    @classmethod
    def of(cls, frontmatter: Mapping[str, Any], body: str, limits: Limits) -> Self:
        """Of a document that keeps every rule, or kept those of its time."""
        metadata = frontmatter.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        return cls(
            name=str(frontmatter["name"]),
            description=str(frontmatter["description"]).strip(),
            version=str(metadata.get("version", "")),
            labels=_labels(frontmatter, metadata, limits.labels),
            frontmatter=frontmatter,
            body=body,
        )


@dataclass(frozen=True)
class SkillPackage:
    """The files of one skill, and all that is known of them.

    It never raises on bad files; `require_valid` does.
    """

    files: Files
    limits: Limits = DEFAULT_LIMITS
    folder_name: str | None = None
    """The name that its folder has or will have; None: any name will do."""
    known_digest: str = field(default="", compare=False)
    """The digest of content that comes from the database; empty: not known."""
    is_gated: bool = field(default=False, compare=False)
    """The files passed the gate within these limits when they were read."""

    @cached_property
    def digest(self) -> str:
        """As `bundle_digest` computes it."""
        return self.known_digest or bundle_digest(self.files)

    @cached_property
    def gate_findings(self) -> Findings:
        return () if self.is_gated else check_files(self.files, self.limits)

    @cached_property
    def reading(self) -> Reading:
        """SKILL.md as it was parsed, or the problem that kept it from being parsed."""
        return read_skill(self.files, self.folder_name, self.limits)

    @property
    def document(self) -> Document | None:
        return self.reading.document

    @property
    def declared_name(self) -> str:
        """The name that SKILL.md gives, whatever else is wrong with it; or nothing."""
        name = self.reading.frontmatter.get("name", "")
        return name if isinstance(name, str) else ""

    @cached_property
    def metadata(self) -> SkillMetadata:
        """Raises KeyError for a document without a name or a description."""
        reading = self.reading
        return SkillMetadata.of(reading.frontmatter, reading.body, self.limits)

    @cached_property
    def specification(self) -> Findings:
        return specification_findings(self.reading)

    @cached_property
    def portable(self) -> Findings:
        return portable_findings(self.reading)

    @cached_property
    def report(self) -> Report:
        """The whole validation. The security scan in it may take seconds."""
        return Report(
            specification=self.specification,
            portable=self.portable,
            gate=self.gate_findings,
            security=scan(self.files, self.limits, self.reading),
            quality=quality_checks(self.reading),
        )

    def report_with(self, waived: Collection[WaivedFinding]) -> Report:
        """The report, less the findings that curators waived."""
        return self.report.with_waived(waived)

    def require_valid(
        self, *, name: str | None = None, lenient: bool = False
    ) -> SkillMetadata:
        """What it says, if it keeps every rule of the format and of names.

        `name` is what the frontmatter must say. `lenient` lets fields pass that the
        specification does not know. Raises InvalidSkill with all findings.
        """
        self._require_format(lenient)
        _check_name(self.metadata.name, name)
        return self.metadata

    def _require_format(self, lenient: bool) -> None:
        """Raises InvalidSkill unless the specification and every client allow it."""
        if self.gate_findings:
            raise InvalidSkill(**by_field(self.gate_findings))
        tolerated = TOLERATED if lenient else frozenset()
        errors = tuple(
            each
            for each in (*self.specification, *self.portable)
            if each.severity is Severity.ERROR and each.rule not in tolerated
        )
        if errors or self.document is None:
            raise InvalidSkill(**by_field(errors))

    def renamed(self, name: str) -> "SkillPackage":
        """The same skill under another name: only SKILL.md is written anew.

        Fields that were let in stay. Raises InvalidSkill.
        """
        self._require_format(lenient=True)
        text = render({**self.reading.frontmatter, "name": name}, self.reading.body)
        files = as_files(
            replace(file, content=text.encode()) if file.path == SKILL_MD else file
            for file in self.files
        )
        return SkillPackage(files, self.limits)


def by_field(findings: Findings) -> dict[str, list[str]]:
    """What to show beside each field: the finding, and what to do about it."""
    fields: dict[str, list[str]] = {}
    for finding in findings:
        line = f"{str(finding).rstrip('.')}. {finding.remedy}".strip()
        fields.setdefault(finding.field or "files", []).append(line)
    return fields


def _check_name(found: str, wanted: str | None) -> None:
    if wanted is not None and found != wanted:
        raise InvalidSkill(
            name=f"The frontmatter says {found!r}; it must say {wanted!r}."
        )
    if is_reserved(found):
        raise InvalidSkill(name=f"{found!r} is reserved; choose another name.")


def is_reserved(name: str) -> bool:
    """It is an address of the API, or the UUID that leads to another skill."""
    if name in RESERVED_NAMES:
        return True
    try:
        UUID(name)
    except ValueError:
        return False
    return True


def _labels(
    frontmatter: Mapping[str, Any], metadata: Mapping[str, Any], most: int
) -> dict[str, frozenset[str]]:
    """What is too long for a label, or one too many, stays in the frontmatter alone."""
    texts = {
        kind: str(metadata[field])
        for field, kind in LABEL_LISTS.items()
        if field in metadata
    }
    labels = {kind: _items(text, most) for kind, text in texts.items()}
    tools = frontmatter.get("allowed-tools", "")
    labels[TOOL] = _items(_parted(tools) if isinstance(tools, str) else "", most, "\0")
    return labels


def _parted(tools: str) -> str:
    """`Bash(git add:*) Read, Write` are three tools: what stands in brackets stays.

    NUL takes the place of what parts them: no text holds one. In one pass: a pattern
    that looks ahead for a bracket from each blank takes hours for thousands of blanks.
    """
    return "".join(
        part if part.endswith(")") else BETWEEN_TOOLS.sub("\0", part)
        for part in UP_TO_A_BRACKET.findall(tools)
    )


def _items(text: str, most: int, separator: str = ",") -> frozenset[str]:
    """The first ones: each is a row, and its writing renews the index."""
    parts = (part.strip() for part in text.split(separator))
    kept = dict.fromkeys(part for part in parts if 0 < len(part) <= MAX_LABEL_CHARS)
    return frozenset(islice(kept, most))
