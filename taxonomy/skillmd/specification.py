"""The rules of the reference validator (skills-ref 0.1.1), and no others.

`portable` has the rules of clients, which accept less.
"""

import unicodedata
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from taxonomy.files.gate import DEFAULT_LIMITS, Files, Limits
from taxonomy.skillmd.document import Reading, read_skill
from taxonomy.skillmd.findings import Finding, Findings, Rule, Severity

ALLOWED_FIELDS = frozenset(
    {"name", "description", "license", "compatibility", "metadata", "allowed-tools"}
)
MAX_NAME = 64
MAX_DESCRIPTION = 1024
MAX_COMPATIBILITY = 500

RULES = (
    Rule("frontmatter.fields", parameters=(ALLOWED_FIELDS,)),
    Rule("name.missing"),
    Rule("name.empty"),
    Rule("name.length", parameters=(MAX_NAME,)),
    Rule("name.case"),
    Rule("name.edge-hyphen"),
    Rule("name.double-hyphen"),
    Rule("name.characters"),
    Rule("name.folder"),
    Rule("description.missing"),
    Rule("description.empty"),
    Rule("description.length", parameters=(MAX_DESCRIPTION,)),
    Rule("compatibility.type"),
    Rule("compatibility.length", parameters=(MAX_COMPATIBILITY,)),
)
"""The rules of this module, as entries for the rule set."""


class Problem(NamedTuple):
    """A rule of `RULES` that a document breaks."""

    rule: str
    field: str
    message: str
    remedy: str


def check_specification(
    files: Files, folder_name: str | None, limits: Limits = DEFAULT_LIMITS
) -> Findings:
    """The findings of the reference validator for a folder with these files.

    () is valid. Where that validator crashes (not UTF-8, control characters), and
    where the frontmatter exceeds `limits`, this function returns findings. Without a
    `folder_name` the skill may have any name.
    """
    return specification_findings(read_skill(files, folder_name, limits))


def specification_findings(reading: Reading) -> Findings:
    """As `check_specification`, for files that have been read already."""
    return (reading.problem,) if reading.problem else field_findings(reading)


def field_findings(reading: Reading) -> Findings:
    """The findings on single fields, also if only clients read the frontmatter."""
    return tuple(
        Finding(
            rule,
            Severity.ERROR,
            message,
            remedy,
            file=reading.path,
            line=reading.line_of(field),
            field=field,
        )
        for rule, field, message, remedy in _problems(
            reading.frontmatter, reading.folder_name
        )
    )


def _problems(
    frontmatter: Mapping[str, Any], folder_name: str | None
) -> Iterator[Problem]:
    yield from _fields(frontmatter)
    yield from _name(frontmatter, folder_name)
    yield from _description(frontmatter)
    yield from _compatibility(frontmatter)


def _fields(frontmatter: Mapping[str, Any]) -> Iterator[Problem]:
    if unknown := sorted(frontmatter.keys() - ALLOWED_FIELDS):
        yield Problem(
            "frontmatter.fields",
            unknown[0],
            f"Unexpected fields in frontmatter: {', '.join(unknown)}",
            f"Keep to {', '.join(sorted(ALLOWED_FIELDS))}; "
            "put other fields under metadata.",
        )


def _name(frontmatter: Mapping[str, Any], folder_name: str | None) -> Iterator[Problem]:
    if "name" not in frontmatter:
        yield _required("name")
        return
    name = frontmatter["name"]
    if not isinstance(name, str) or not name.strip():
        yield _not_text("name")
        return
    name = unicodedata.normalize("NFKC", name.strip())
    yield from _name_rules(name)
    if folder_name is not None and unicodedata.normalize("NFKC", folder_name) != name:
        yield Problem(
            "name.folder",
            "name",
            f"The folder's name {folder_name!r} must equal the skill's name {name!r}",
            "Rename the folder or the skill.",
        )


def _name_rules(name: str) -> Iterator[Problem]:
    if len(name) > MAX_NAME:
        message = f"The name has {len(name)} characters, at most {MAX_NAME}"
        yield Problem("name.length", "name", message, "Choose a shorter name.")
    if name != name.lower():
        message = f"The name {name!r} must be lowercase"
        yield Problem("name.case", "name", message, "Use lowercase letters.")
    if name.startswith("-") or name.endswith("-"):
        message = "The name must not begin or end with a hyphen"
        remedy = "Remove the hyphen at the edge."
        yield Problem("name.edge-hyphen", "name", message, remedy)
    if "--" in name:
        message = "The name must not hold two hyphens in a row"
        remedy = "Use a single hyphen between words."
        yield Problem("name.double-hyphen", "name", message, remedy)
    if not all(character.isalnum() or character == "-" for character in name):
        message = f"The name {name!r} holds other characters than letters, digits and -"
        remedy = "Use letters, digits and hyphens only."
        yield Problem("name.characters", "name", message, remedy)


def _description(frontmatter: Mapping[str, Any]) -> Iterator[Problem]:
    if "description" not in frontmatter:
        yield _required("description")
        return
    description = frontmatter["description"]
    if not isinstance(description, str) or not description.strip():
        yield _not_text("description")
    elif len(description) > MAX_DESCRIPTION:
        yield _too_long("description", len(description), MAX_DESCRIPTION)


def _compatibility(frontmatter: Mapping[str, Any]) -> Iterator[Problem]:
    compatibility = frontmatter.get("compatibility", "")
    if not isinstance(compatibility, str):
        yield Problem(
            "compatibility.type",
            "compatibility",
            "The compatibility must be text",
            "Write it as one line of text.",
        )
    elif len(compatibility) > MAX_COMPATIBILITY:
        yield _too_long("compatibility", len(compatibility), MAX_COMPATIBILITY)


def _required(field: str) -> Problem:
    message = f"Missing required field in frontmatter: {field}"
    return Problem(f"{field}.missing", field, message, f"Add a line {field}: …")


def _not_text(field: str) -> Problem:
    message = f"The {field} must be text that is not empty"
    return Problem(f"{field}.empty", field, message, f"Write the {field} as text.")


def _too_long(field: str, length: int, limit: int) -> Problem:
    message = f"The {field} has {length} characters, at most {limit}"
    return Problem(f"{field}.length", field, message, f"Shorten the {field}.")
