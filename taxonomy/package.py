"""What files must be before they become a skill, and what is read out of them."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any
from uuid import UUID

from django.conf import settings

from taxonomy.exceptions import InvalidSkill
from taxonomy.files.file import Files, Limits, SourceLimits, as_files
from taxonomy.files.gate import check_files
from taxonomy.skillmd.document import Document, read_skill, render
from taxonomy.skillmd.findings import Findings, Severity, of_severity
from taxonomy.skillmd.portable import portable_findings
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
"""What a lenient import lets pass: no client stumbles over it."""


@dataclass(frozen=True)
class Admitted:
    """A skill's files as the database needs them."""

    name: str
    description: str
    version: str
    """`metadata.version`, as it was written; empty if there is none."""
    labels: Mapping[str, frozenset[str]]
    """By kind, for the kinds that the frontmatter names."""
    frontmatter: Mapping[str, Any]
    body: str


def admit(files: Files, *, name: str | None = None, lenient: bool = False) -> Admitted:
    """Read a skill that keeps every rule; raises InvalidSkill with all findings.

    `lenient` lets fields pass that the specification does not know.
    """
    document = _read(files, lenient)
    found = as_admitted(document.frontmatter, document.body)
    _check_name(found.name, name)
    return found


def as_admitted(frontmatter: Mapping[str, Any], body: str) -> Admitted:
    """What is read out of a document that keeps, or once kept, every rule."""
    metadata = frontmatter.get("metadata")
    metadata = metadata if isinstance(metadata, dict) else {}
    return Admitted(
        name=str(frontmatter["name"]),
        description=str(frontmatter["description"]).strip(),
        version=str(metadata.get("version", "")),
        labels=_labels(frontmatter, metadata),
        frontmatter=frontmatter,
        body=body,
    )


def _read(files: Files, lenient: bool) -> Document:
    """The document, if the specification allows it and every client reads it."""
    limits = configured_limits()
    if refused := check_files(files, limits):
        raise InvalidSkill(**by_field(refused))
    reading = read_skill(files, folder_name=None, limits=limits)
    findings = (*specification_findings(reading), *portable_findings(reading))
    errors = of_severity(findings, Severity.ERROR)
    if lenient:
        errors = tuple(each for each in errors if each.rule not in TOLERATED)
    if errors or reading.document is None:
        raise InvalidSkill(**by_field(errors))
    return reading.document


def by_field(findings: Findings) -> dict[str, list[str]]:
    """What to show beside each field: the finding, and what to do about it."""
    fields: dict[str, list[str]] = {}
    for finding in findings:
        line = f"{str(finding).rstrip('.')}. {finding.remedy}".strip()
        fields.setdefault(finding.field or "files", []).append(line)
    return fields


def configured_limits() -> Limits:
    """The bounds that the settings give."""
    return Limits(
        files=settings.SKILLFLEET_MAX_SKILL_FILES,
        total_bytes=settings.SKILLFLEET_MAX_SKILL_BYTES,
        file_bytes=settings.SKILLFLEET_MAX_FILE_BYTES,
        frontmatter_chars=settings.SKILLFLEET_MAX_FRONTMATTER_CHARS,
        frontmatter_nodes=settings.SKILLFLEET_MAX_FRONTMATTER_NODES,
        scanned_bytes=settings.SKILLFLEET_SCANNED_BYTES,
        scanned_total_bytes=settings.SKILLFLEET_SCANNED_TOTAL_BYTES,
    )


def source_limits() -> SourceLimits:
    """The bounds on what many skills come from."""
    return SourceLimits(
        skill=configured_limits(),
        entries=settings.SKILLFLEET_IMPORT_ENTRIES,
        total_bytes=settings.SKILLFLEET_IMPORT_BYTES,
        ratio=settings.SKILLFLEET_IMPORT_RATIO,
    )


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
    frontmatter: Mapping[str, Any], metadata: Mapping[str, Any]
) -> dict[str, frozenset[str]]:
    """What is too long for a label, or one too many, stays in the frontmatter alone."""
    texts = {
        kind: str(metadata[field])
        for field, kind in LABEL_LISTS.items()
        if field in metadata
    }
    labels = {kind: _items(text) for kind, text in texts.items()}
    tools = frontmatter.get("allowed-tools", "")
    labels[TOOL] = _items(_parted(tools) if isinstance(tools, str) else "", "\0")
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


def _items(text: str, separator: str = ",") -> frozenset[str]:
    """The first ones: each is a row, and its writing renews the index."""
    parts = (part.strip() for part in text.split(separator))
    kept = dict.fromkeys(part for part in parts if 0 < len(part) <= MAX_LABEL_CHARS)
    return frozenset(islice(kept, settings.SKILLFLEET_MAX_LABELS))


def with_name(files: Files, name: str) -> Files:
    """The same skill under another name: only SKILL.md is written anew.

    Fields that were let in stay.
    """
    document = _read(files, lenient=True)
    text = render({**document.frontmatter, "name": name}, document.body)
    return as_files(
        replace(file, content=text.encode()) if file.path == SKILL_MD else file
        for file in files
    )
