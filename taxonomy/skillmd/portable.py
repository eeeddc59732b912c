"""Rules of portability: known clients accept less than the specification allows."""

import re
from collections.abc import Iterator
from typing import Any

from taxonomy.files.gate import DEFAULT_LIMITS, Files, Limits
from taxonomy.skillmd.document import Reading, read_skill, source_nodes, split
from taxonomy.skillmd.findings import Finding, Findings, Rule, Severity

NAME = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
MAX_NAME = 64
MAX_DESCRIPTION = 1024

REQUIRED = ("name", "description")

CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")
# A YAML 1.1 or 1.2 reader does not take such unquoted text for a string.
TYPED = re.compile(
    r"""~|null|y|n|yes|no|on|off|true|false|=|<<
    |[-+]?0x[0-9a-f_]+|[-+]?0o?[0-7_]+|[-+]?0b[01_]+
    |[-+]?[0-9][0-9_]*(:[0-5]?[0-9])*(\.[0-9_]*)?(e[-+]?[0-9]+)?
    |[-+]?\.[0-9][0-9_]*(e[-+]?[0-9]+)?|[-+]?\.inf|\.nan
    |[0-9]{4}-[0-9]{1,2}-[0-9]{1,2}([t\s].*)?""",
    re.VERBOSE | re.IGNORECASE,
)
# The words that claude.ai and the Skills API refuse in names, and what they take for an
# XML tag in names and descriptions
# (https://platform.claude.com/docs/en/agents-and-tools/agent-skills/overview).
RESERVED = re.compile("claude|anthropic", re.IGNORECASE)
XML_TAG = re.compile(r"<[/!?]?[A-Za-z][^<>]*>")
COMMENT = re.compile(r"[ \t]+(#[^\n]*)")
# After such a sign the rest of the line was hardly meant as a comment.
REFERENCE = re.compile(r"#[^\s#]")
RULES = (
    Rule("portable.file-name"),
    Rule("portable.delimiters"),
    Rule("portable.name", parameters=(NAME, MAX_NAME)),
    Rule("portable.folder"),
    Rule("portable.description", parameters=(MAX_DESCRIPTION,)),
    Rule("portable.characters", parameters=(CONTROL,)),
    Rule("portable.type", parameters=(TYPED, REQUIRED)),
    Rule("portable.metadata"),
    Rule("portable.reserved", Severity.WARNING, (RESERVED,)),
    Rule("portable.tags", Severity.WARNING, (XML_TAG,)),
    Rule("portable.comment", Severity.WARNING, (COMMENT, REFERENCE)),
)
"""The rules of this module, as entries for the rule set."""


def check_portable(
    files: Files, folder_name: str | None, limits: Limits = DEFAULT_LIMITS
) -> Findings:
    """Errors where some client drops or misreads the skill, warnings where it may."""
    return portable_findings(read_skill(files, folder_name, limits))


def portable_findings(reading: Reading) -> Findings:
    """() if SKILL.md could not be parsed; `specification_findings` report that."""
    if reading.document is None:
        return ()
    return (
        *_file_name(reading),
        *_delimiters(reading),
        *_name(reading),
        *_description(reading),
        *_characters(reading),
        *_types(reading),
        *_metadata(reading),
        *_reserved(reading),
        *_tags(reading),
        *_comments(reading),
    )


def _finding(
    reading: Reading,
    rule: str,
    field: str,
    message: str,
    remedy: str,
    severity: Severity = Severity.ERROR,
) -> Finding:
    return Finding(
        f"portable.{rule}",
        severity,
        message,
        remedy,
        file=reading.path,
        line=reading.line_of(field) if field else 1,
        field=field,
    )


def _file_name(reading: Reading) -> Iterator[Finding]:
    if reading.path != "SKILL.md":
        message = f"Clients look for SKILL.md, not for {reading.path}"
        yield _finding(reading, "file-name", "", message, "Rename it to SKILL.md.")


def _delimiters(reading: Reading) -> Iterator[Finding]:
    source, body = split(reading.text)
    opened = re.match(r"[ \t]*\n", source)
    closed = source.endswith("\n") and re.match(r"[ \t]*(\n|\Z)", body)
    if not (opened and closed):
        yield _finding(
            reading,
            "delimiters",
            "",
            "The frontmatter is not between two lines that hold --- alone",
            "Put each --- on a line of its own, and none inside the frontmatter.",
        )


def _name(reading: Reading) -> Iterator[Finding]:
    name = reading.frontmatter.get("name")
    if not isinstance(name, str):
        return
    if not NAME.fullmatch(name) or len(name) > MAX_NAME:
        yield _finding(
            reading,
            "name",
            "name",
            f"The name {name[:80]!r} may hold only a to z, 0 to 9 and single hyphens, "
            f"and at most {MAX_NAME} characters",
            "Choose a name such as pdf-tools.",
        )
    elif reading.folder_name not in (None, name):
        message = (
            f"The folder is called {reading.folder_name!r}, but the skill's name is"
            f" {name!r}"
        )
        yield _finding(reading, "folder", "name", message, "Rename the folder.")


def _description(reading: Reading) -> Iterator[Finding]:
    description = reading.frontmatter.get("description")
    if not isinstance(description, str) or not description.strip():
        message = "Clients drop a skill without a description"
        remedy = "Say what the skill does and when to use it."
        yield _finding(reading, "description", "description", message, remedy)
    elif len(description) > MAX_DESCRIPTION:
        message = f"The description has more than {MAX_DESCRIPTION} characters"
        remedy = "Shorten the description."
        yield _finding(reading, "description", "description", message, remedy)


def _characters(reading: Reading) -> Iterator[Finding]:
    remedy = "Remove the character or its escape."
    for field, value in reading.frontmatter.items():
        if control := CONTROL.search(f"{field}{_flat(value)}"):
            message = f"The {field} holds the character U+{ord(control[0]):04X}"
            yield _finding(reading, "characters", field, message, remedy)
    if "\0" in reading.text:
        message = "The text holds the character U+0000"
        yield _finding(reading, "characters", "", message, remedy)


def _types(reading: Reading) -> Iterator[Finding]:
    nodes = source_nodes(split(reading.text)[0])
    for field in ("name", "description", "license", "compatibility"):
        node = nodes.get(field)
        if node is None or not isinstance(node.value, str) or node.style:
            continue
        if node.value and TYPED.fullmatch(node.value):
            yield _finding(
                reading,
                "type",
                field,
                f"Unquoted, {node.value!r} is not text to other YAML readers",
                f'Write {field}: "{node.value}".',
                Severity.ERROR if field in REQUIRED else Severity.WARNING,
            )


def _metadata(reading: Reading) -> Iterator[Finding]:
    metadata = reading.frontmatter.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        message = "The metadata is not a mapping"
        remedy = "Write one indented key and value per line."
        yield _finding(reading, "metadata", "metadata", message, remedy)


def _reserved(reading: Reading) -> Iterator[Finding]:
    if word := RESERVED.search(str(reading.frontmatter.get("name", ""))):
        message = f"claude.ai and the Skills API refuse the word {word[0]!r} in names"
        remedy = "Choose a name without it."
        severity = Severity.WARNING
        yield _finding(reading, "reserved", "name", message, remedy, severity)


def _tags(reading: Reading) -> Iterator[Finding]:
    if tag := XML_TAG.search(str(reading.frontmatter.get("description", ""))):
        yield _finding(
            reading,
            "tags",
            "description",
            "claude.ai and the Skills API refuse XML tags in descriptions, such as "
            f"{tag[0][:40]!r}",
            "Name the element without < and >.",
            Severity.WARNING,
        )


def _comments(reading: Reading) -> Iterator[Finding]:
    """Warnings about text that YAML drops because it follows a blank and a #."""
    source = split(reading.text)[0]
    for field, node in source_nodes(source).items():
        if field == "name" or not isinstance(node.value, str) or node.style:
            continue
        end = node.end_mark.index
        if not node.value:  # then the comment precedes the end
            key = re.search(rf"^{re.escape(field)}\s*:", source, re.M)
            end = key.end() if key else end
        comment = COMMENT.match(source, end)
        if comment and (field == "description" or REFERENCE.match(comment[1])):
            yield _finding(
                reading,
                "comment",
                field,
                f"YAML takes everything from {comment[1][:40]!r} on as a comment; the "
                f"{field} is {node.value[-80:]!r}",
                'Put quotes around the whole value: " and ".',
                Severity.WARNING,
            )


def _flat(value: Any) -> str:
    """All keys and texts of the value, joined."""
    if isinstance(value, dict):
        return "".join(f"{key}{_flat(inner)}" for key, inner in value.items())
    if isinstance(value, list):
        return "".join(map(_flat, value))
    return str(value)
