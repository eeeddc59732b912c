"""A skill's files as a value that is hashed, gated, parsed and validated only once.

The code that receives a skill (import, API, draft, author) makes a `SkillPackage`, and
passes it on to validation and publishing. The package caches what it computes.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import chain, islice
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
from taxonomy.skillmd.document import SKILL_MD, Document, Reading, read_skill, with_name
from taxonomy.skillmd.findings import Findings, Severity, WaivedFinding
from taxonomy.skillmd.portable import portable_findings
from taxonomy.skillmd.quality import quality_checks
from taxonomy.skillmd.report import Report
from taxonomy.skillmd.specification import field_findings, specification_findings

RESERVED_NAMES = frozenset({"validate", "import", "search", "stream"})
"""Skills cannot have these names: the API has routes /skills/validate and so on."""
LABEL_LISTS = {
    "keywords": "keyword",
    "tags": "tag",
    "capabilities": "capability",
}
"""Fields of `metadata` with labels (a list, or separated by commas), and their kind."""
TOOL = "tool"
UP_TO_A_BRACKET = re.compile(r"[^()]*[()]?")
BETWEEN_TOOLS = re.compile(r"[,\s]")
MAX_LABEL_CHARS = 200
TOLERATED = frozenset({"frontmatter.fields"})
"""Rules that a lenient import ignores: no client fails if a skill breaks them.

It also accepts frontmatter with flow collections, which clients read."""


@dataclass(frozen=True)
class SkillMetadata:
    """The content of a SKILL.md in the form in which the database stores it."""

    name: str
    description: str
    version: str
    """`metadata.version`, unparsed; empty if there is none."""
    labels: Mapping[str, frozenset[str]]
    """By kind; a kind whose field is missing has no entry."""
    frontmatter: Mapping[str, Any]
    body: str

    @classmethod
    def of(cls, frontmatter: Mapping[str, Any], body: str, limits: Limits) -> Self:
        """The metadata of a document that is valid now or was when it was published."""
        metadata = frontmatter.get("metadata")
        metadata = metadata if isinstance(metadata, dict) else {}
        version = metadata.get("version", "")
        return cls(
            name=str(frontmatter["name"]),
            description=str(frontmatter["description"]).strip(),
            version=version if isinstance(version, str) else "",
            labels=_labels(frontmatter, metadata, limits.labels),
            frontmatter=frontmatter,
            body=body,
        )


@dataclass(frozen=True)
class SkillPackage:
    """The files of one skill, and the cached results of reading and validating them.

    Invalid files raise no error here; only `require_valid` and `renamed` raise.
    """

    files: Files
    limits: Limits = DEFAULT_LIMITS
    folder_name: str | None = None
    """The folder's name, which must equal the skill's name. None: no check."""
    known_digest: str = field(default="", compare=False)
    """The digest, if the files come from the database; else empty."""
    is_gated: bool = field(default=False, compare=False)
    """Whether the files have already been checked against `limits`."""

    @cached_property
    def digest(self) -> str:
        """The result of `bundle_digest`."""
        return self.known_digest or bundle_digest(self.files)

    @cached_property
    def gate_findings(self) -> Findings:
        return () if self.is_gated else check_files(self.files, self.limits)

    @cached_property
    def reading(self) -> Reading:
        """The parsed SKILL.md, or the problem that prevented parsing."""
        return read_skill(self.files, self.folder_name, self.limits)

    @property
    def document(self) -> Document | None:
        return self.reading.document

    @property
    def declared_name(self) -> str:
        """The name in SKILL.md, which may be invalid; empty if there is none."""
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
        """The whole validation. Its security scan may take seconds."""
        return Report(
            specification=self.specification,
            portable=self.portable,
            gate=self.gate_findings,
            security=scan(self.files, self.limits, self.reading),
            quality=quality_checks(self.reading),
        )

    def report_with(self, waived: Collection[WaivedFinding]) -> Report:
        """The report, with the findings marked that curators waived."""
        return self.report.with_waived(waived)

    def require_valid(
        self, *, name: str | None = None, lenient: bool = False
    ) -> SkillMetadata:
        """The metadata, if the skill keeps every rule of the format and of names.

        `name`, if given, is the name that the skill must have. `lenient` allows fields
        that the specification does not know, and flow collections. Raises InvalidSkill
        with all findings.
        """
        self._require_format(lenient)
        _check_name(self.metadata.name, name)
        return self.metadata

    def _require_format(self, lenient: bool) -> None:
        """Raises InvalidSkill unless the skill is valid and portable."""
        findings: Findings = (*self.gate_findings, *self.specification)
        if lenient and self.document:
            findings = (*self.gate_findings, *field_findings(self.reading))
        tolerated = TOLERATED if lenient else frozenset()
        errors = tuple(
            each
            for each in (*findings, *self.portable)
            if each.severity is Severity.ERROR and each.rule not in tolerated
        )
        if errors:
            raise InvalidSkill(**by_field(errors))

    def renamed(self, name: str) -> "SkillPackage":
        """The same skill under another name: only the name in SKILL.md changes.

        Raises InvalidSkill.
        """
        self._require_format(lenient=True)
        text = with_name(self.reading, name)
        files = as_files(
            replace(file, content=text.encode()) if file.path == SKILL_MD else file
            for file in self.files
        )
        return SkillPackage(files, self.limits)


def by_field(findings: Findings) -> dict[str, list[str]]:
    """The findings as sentences with their remedies, by the field they concern."""
    fields: dict[str, list[str]] = {}
    for finding in findings:
        line = f"{str(finding).rstrip('.')}. {finding.remedy}".strip()
        fields.setdefault(finding.field or "files", []).append(line)
    return fields


def _check_name(name: str, required: str | None) -> None:
    if required is not None and name != required:
        raise InvalidSkill(
            name=f"The name in the frontmatter is {name!r}; it must be {required!r}."
        )
    if is_reserved(name):
        raise InvalidSkill(name=f"{name!r} is reserved; choose another name.")


def is_reserved(name: str) -> bool:
    """Whether the name is a route of the API, or a UUID, which may be a skill's."""
    if name in RESERVED_NAMES:
        return True
    try:
        UUID(name)
    except ValueError:
        return False
    return True


def _labels(
    frontmatter: Mapping[str, Any], metadata: Mapping[str, Any], limit: int
) -> dict[str, frozenset[str]]:
    """The labels by kind, at most `limit` of each.

    Labels that are too long or too many stay in the frontmatter only.
    """
    labels = {
        kind: _items(_texts(metadata[field], ","), limit)
        for field, kind in LABEL_LISTS.items()
        if field in metadata
    }
    tools = _texts(frontmatter.get("allowed-tools", ""), "\n")
    labels[TOOL] = _items(
        chain.from_iterable(_nul_separated(each).split("\0") for each in tools), limit
    )
    return labels


def _texts(value: Any, separator: str) -> list[str]:
    """The texts of a list, or the parts of a text; nothing of any other value."""
    if isinstance(value, str):
        return value.split(separator)
    texts = value if isinstance(value, list) else []
    return [each for each in texts if isinstance(each, str)]


def _nul_separated(tools: str) -> str:
    """`Bash(git add:*) Read, Write` with a NUL at each separator outside of brackets.

    NUL cannot occur in the text. A single pattern that looks ahead for a bracket would
    take hours for thousands of spaces; this takes one pass.
    """
    return "".join(
        part if part.endswith(")") else BETWEEN_TOOLS.sub("\0", part)
        for part in UP_TO_A_BRACKET.findall(tools)
    )


def _items(texts: Iterable[str], limit: int) -> frozenset[str]:
    """The first `limit` different items; each will be a row of the search index."""
    parts = (text.strip() for text in texts)
    items = dict.fromkeys(part for part in parts if 0 < len(part) <= MAX_LABEL_CHARS)
    return frozenset(islice(items, limit))
