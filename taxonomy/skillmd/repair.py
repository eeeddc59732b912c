"""Mechanical repairs of a skill, which keep its meaning and invent nothing.

Only SKILL.md and other Markdown files are changed.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from taxonomy.files.gate import DEFAULT_LIMITS, File, Files, Limits, as_files
from taxonomy.skillmd import markdown
from taxonomy.skillmd.document import (
    NAMES,
    SKILL_MD,
    UNREADABLE,
    FrontmatterInvalid,
    FrontmatterUnreadable,
    SkillMdError,
    UnwritableFrontmatter,
    decode,
    is_readable,
    parse,
    parse_as_clients,
    quoted,
    read_skill,
    render,
    split,
)
from taxonomy.skillmd.portable import MAX_NAME, NAME, portable_findings
from taxonomy.skillmd.specification import ALLOWED_FIELDS, specification_findings

# Emoji, such as flags, may contain some of these characters; words may not.
INVISIBLE = (
    re.compile("[\u202a-\u202e\u2066-\u2069]+"),
    re.compile("(?<=[!-~])[\u200b-\u200d\u2060-\u2064\ufeff\u00ad\u180e]+(?=[!-~])"),
    re.compile(
        "(?<![\U0001f3f4\U000e0000-\U000e007f])[\U000e0000-\U000e007f]+"
        "|[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}"
    ),
)
FIELD = re.compile(r"(?P<key>[A-Za-z][\w-]{0,60}):[ \t]+(?P<value>[^\s|>\"'][^\n]*)")
BLANK = re.compile(r"[ \t]*")


@dataclass(frozen=True)
class Change:
    """One repair: the rule that the file broke, and a sentence on the repair."""

    file: str
    rule: str
    description: str

    def as_json(self) -> dict[str, str]:
        return {"file": self.file, "rule": self.rule, "what": self.description}


@dataclass(frozen=True)
class Fixed:
    """The repaired files, and what was changed in them."""

    files: Files
    changes: tuple[Change, ...]


def fix(files: Files, limits: Limits = DEFAULT_LIMITS) -> Fixed:
    """Repair what can be repaired without guessing; everything else stays as it is."""
    changes: list[Change] = []
    fixed = [_repair_text(file, changes) for file in _rename_skill_md(files, changes)]
    fixed = [
        _repair_skill_md(file, limits, changes) if file.path == SKILL_MD else file
        for file in fixed
    ]
    return Fixed(as_files(fixed), tuple(changes))


def _rename_skill_md(files: Files, changes: list[Change]) -> Files:
    """Rename skill.md to SKILL.md."""
    paths = {file.path for file in files}
    if SKILL_MD in paths or NAMES[1] not in paths:
        return files
    changes.append(Change(NAMES[1], "portable.file-name", f"Renamed to {SKILL_MD}."))
    return tuple(
        replace(file, path=SKILL_MD) if file.path == NAMES[1] else file
        for file in files
    )


def _repair_text(file: File, changes: list[Change]) -> File:
    """Repair line ends, and remove invisible characters, in a Markdown file."""
    if not file.path.lower().endswith(".md"):
        return file
    try:
        before = file.content.decode()
    except UnicodeDecodeError:
        return file
    text = before
    for rule, description, repair in TEXT_REPAIRS:
        repaired = repair(text)
        if repaired != text:
            changes.append(Change(file.path, rule, description))
            text = repaired
    return file if text == before else replace(file, content=text.encode())


def _without_invisible(text: str) -> str:
    for pattern in INVISIBLE:
        text = pattern.sub("", text)
    return text


TEXT_REPAIRS: tuple[tuple[str, str, Callable[[str], str]], ...] = (
    (
        "content.encoding",
        "Removed the byte order mark.",
        lambda text: text.removeprefix("\ufeff"),
    ),
    (
        "content.lines",
        "Made every line end a line feed.",
        lambda text: text.replace("\r\n", "\n").replace("\r", "\n"),
    ),
    ("scan.hidden-text", "Removed invisible characters.", _without_invisible),
    (
        "content.lines",
        "Ended the last line.",
        lambda text: text if text.endswith("\n") or not text else f"{text}\n",
    ),
)
"""(rule, description, repair) of each repair of a Markdown file."""


def _repair_skill_md(file: File, limits: Limits, changes: list[Change]) -> File:
    try:
        text = decode(file.content)
    except SkillMdError:
        return file
    for repair in (_repair_yaml, _repair_fields, _close_code_block):
        text = repair(text, limits, changes)
    return replace(file, content=text.encode())


def _repair_yaml(text: str, limits: Limits, changes: list[Change]) -> str:
    """Remove control characters from the frontmatter, or add missing quotes.

    The text is returned unchanged if it can be parsed already, or still cannot.
    """
    try:
        parse(text, limits)
    except FrontmatterUnreadable as error:
        source, body = split(text)
        repaired = f"---{UNREADABLE.sub('', source)}---{body}"
        change = Change(SKILL_MD, error.rule, "Removed control characters.")
    except FrontmatterInvalid as error:
        source, body = split(text)
        lines = (_with_quotes(line) for line in source.split("\n"))
        repaired = f"---{chr(10).join(lines)}---{body}"
        description = "Put quotes around values that hold a colon or a sign."
        change = Change(SKILL_MD, error.rule, description)
    except SkillMdError:
        return text
    else:
        return text
    try:
        parse_as_clients(repaired, limits)
    except SkillMdError:
        return text
    if repaired == text:
        return text
    changes.append(change)
    return repaired


def _with_quotes(line: str) -> str:
    """The line with quotes around its value, if clients cannot read it without them.

    Quotes around `[Read, Grep]` would make a text of what clients read as a list.
    """
    match = FIELD.fullmatch(line)
    if match is None or is_readable(line):
        return line
    return f"{match['key']}: {quoted(match['value'].strip())}"


def _repair_fields(text: str, limits: Limits, changes: list[Change]) -> str:
    """Render SKILL.md again with repaired fields, if one of them breaks a rule.

    The text is returned unchanged if the result would break another rule.
    """
    reading = read_skill((File(SKILL_MD, text.encode()),), None, limits)
    if reading.problem or reading.document is None:
        return text  # rendering would make texts of what clients read as true or 1
    frontmatter = dict(reading.frontmatter)  # `_field_repairs` changes it in place
    repairs = [
        Change(SKILL_MD, rule, description)
        for rule, description in _field_repairs(frontmatter)
    ]
    repairs += [
        Change(SKILL_MD, finding.rule, REPAIRED_BY_RENDERING[finding.rule])
        for finding in portable_findings(reading)
        if finding.rule in REPAIRED_BY_RENDERING
    ]
    if not repairs:
        return text
    try:
        repaired = render(frontmatter, reading.body)
    except UnwritableFrontmatter:
        return text
    if _broken_rules(repaired, limits) - _broken_rules(text, limits):
        return text
    changes.extend(repairs)
    return repaired


REPAIRED_BY_RENDERING = {
    "portable.delimiters": "Put each --- on a line of its own.",
    "portable.type": "Put quotes around what other readers take for a number.",
}
"""Rules that every rendered SKILL.md keeps, and the description of the repair."""


def _broken_rules(text: str, limits: Limits) -> set[str]:
    reading = read_skill((File(SKILL_MD, text.encode()),), None, limits)
    return {finding.rule for finding in specification_findings(reading)}


def _field_repairs(frontmatter: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Repair the frontmatter in place; (rule, description) of each repair."""
    yield from _respelt_fields(frontmatter)
    name = frontmatter.get("name")
    if isinstance(name, str) and (valid_name := _as_valid_name(name)) != name:
        frontmatter["name"] = valid_name
        yield "name.characters", f"Spelt the name {valid_name}."
    metadata = frontmatter.get("metadata", {})
    known = ALLOWED_FIELDS | CLIENT_FIELDS
    unknown = [field for field in frontmatter if _field_name(field) not in known]
    if unknown and isinstance(metadata, dict):
        moved = {field: frontmatter[field] for field in unknown}
        all_text = all(isinstance(value, str) for value in moved.values())
        if all_text and not moved.keys() & metadata.keys():
            for field in unknown:
                del frontmatter[field]
            frontmatter["metadata"] = metadata | moved
            yield "frontmatter.fields", f"Moved {', '.join(unknown)} under metadata."


CLIENT_FIELDS = frozenset(
    {
        "agent",
        "argument-hint",
        "arguments",
        "command-arg-mode",
        "command-dispatch",
        "command-tool",
        "context",
        "disable-model-invocation",
        "effort",
        "globs",
        "hooks",
        "model",
        "paths",
        "shell",
        "user-invocable",
        "when-to-use",
    }
)
"""Fields that the specification does not know, but that some client obeys.

Under `metadata` that client would not find them.
"""


def _field_name(field: str) -> str:
    """`Allowed_Tools` → `allowed-tools`"""
    return field.strip().lower().replace("_", "-")


def _respelt_fields(frontmatter: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Respell fields of the specification in place: `Name` → `name`."""
    names = {field: _field_name(field) for field in frontmatter}
    respelt = {
        field: name
        for field, name in names.items()
        if field != name
        and name in ALLOWED_FIELDS
        and list(names.values()).count(name) == 1
    }
    if respelt:
        items = [(respelt.get(key, key), value) for key, value in frontmatter.items()]
        frontmatter.clear()
        frontmatter.update(items)
        listed = ", ".join(respelt.values())
        yield "frontmatter.fields", f"Spelt {listed} in lower case."


def _as_valid_name(name: str) -> str:
    """`PDF_Tables` → `pdf-tables`; the name itself if that gives no valid name."""
    plain = unicodedata.normalize("NFKC", name).strip().lower()
    spelt = re.sub(r"-{2,64}", "-", re.sub(r"[\s_.]", "-", plain)).strip("-")
    return spelt if NAME.fullmatch(spelt) and len(spelt) <= MAX_NAME else name


def _close_code_block(text: str, limits: Limits, changes: list[Change]) -> str:
    """End a code block that is never closed at the end of the text."""
    try:
        body = split(text)[1]
    except SkillMdError:
        return text
    *_, last = markdown.lines(f"{body}\n")
    if last.fence is None:
        return text
    opening = body.split("\n")[last.fence - 1]
    fence = markdown.FENCE.match(opening)
    indent = BLANK.match(opening)
    if (
        fence is None
        or indent is None
        or not opening[indent.end() :].startswith(fence[1])
    ):
        return text  # in a list or a quotation it is not clear where the block ends
    changes.append(Change(SKILL_MD, "quality.fences", "Ended the last code block."))
    return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{indent[0]}{fence[1]}\n"
