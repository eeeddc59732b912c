"""Mechanical repairs of a skill: what means the same afterwards, and nothing invented.

Of other files than Markdown not a byte is changed.
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
    UNREADABLE,
    FrontmatterInvalid,
    FrontmatterUnreadable,
    SkillMdError,
    UnwritableFrontmatter,
    decode,
    parse,
    quoted,
    read_skill,
    render,
    split,
)
from taxonomy.skillmd.portable import MAX_NAME, NAME, portable_findings
from taxonomy.skillmd.specification import ALLOWED_FIELDS, specification_findings

# Flags of countries and parts of emoji may hold some of these; letters may not.
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
    """One repair: the rule that the file broke, and what was done."""

    file: str
    rule: str
    what: str


@dataclass(frozen=True)
class Fixed:
    files: Files
    changes: tuple[Change, ...]


def fix(files: Files, limits: Limits = DEFAULT_LIMITS) -> Fixed:
    """Whatever cannot be repaired without knowing what was meant stays as it is."""
    changes: list[Change] = []
    fixed = [_text_repaired(file, changes) for file in _named(files, changes)]
    fixed = [
        _skill_repaired(file, limits, changes) if file.path == NAMES[0] else file
        for file in fixed
    ]
    return Fixed(as_files(fixed), tuple(changes))


def _named(files: Files, changes: list[Change]) -> Files:
    paths = {file.path for file in files}
    if NAMES[0] in paths or NAMES[1] not in paths:
        return files
    changes.append(Change(NAMES[1], "portable.file-name", f"Renamed to {NAMES[0]}."))
    return tuple(
        replace(file, path=NAMES[0]) if file.path == NAMES[1] else file
        for file in files
    )


def _text_repaired(file: File, changes: list[Change]) -> File:
    """Line ends and invisible characters, of Markdown alone."""
    if not file.path.lower().endswith(".md"):
        return file
    try:
        before = file.content.decode()
    except UnicodeDecodeError:
        return file
    text = before
    for rule, what, repair in TEXT_REPAIRS:
        repaired = repair(text)
        if repaired != text:
            changes.append(Change(file.path, rule, what))
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


def _skill_repaired(file: File, limits: Limits, changes: list[Change]) -> File:
    try:
        text = decode(file.content)
    except SkillMdError:
        return file
    for repair in (_readable, _frontmatter, _closed):
        text = repair(text, limits, changes)
    return replace(file, content=text.encode())


def _readable(text: str, limits: Limits, changes: list[Change]) -> str:
    """YAML that only lacks quotes, or holds characters that nobody can see."""
    try:
        parse(text, limits)
    except FrontmatterUnreadable as error:
        source, body = split(text)
        repaired = f"---{UNREADABLE.sub('', source)}---{body}"
        what = "Removed control characters."
        rule = error.rule
    except FrontmatterInvalid as error:
        source, body = split(text)
        lines = (_in_quotes(line) for line in source.split("\n"))
        repaired = f"---{chr(10).join(lines)}---{body}"
        what, rule = "Put quotes around values that hold a colon or a sign.", error.rule
    except SkillMdError:
        return text
    else:
        return text
    try:
        parse(repaired, limits)
    except SkillMdError:
        return text
    changes.append(Change(NAMES[0], rule, what))
    return repaired


def _in_quotes(line: str) -> str:
    found = FIELD.fullmatch(line)
    return f"{found['key']}: {quoted(found['value'].strip())}" if found else line


def _frontmatter(text: str, limits: Limits, changes: list[Change]) -> str:
    """Written anew when a rule is broken that this repairs; else left as it is."""
    reading = read_skill((File(NAMES[0], text.encode()),), None, limits)
    if reading.document is None:
        return text
    said, done = dict(reading.frontmatter), list[Change]()
    for rule, what in _field_repairs(said):
        done.append(Change(NAMES[0], rule, what))
    done += [
        Change(NAMES[0], found.rule, REWRITTEN[found.rule])
        for found in portable_findings(reading)
        if found.rule in REWRITTEN
    ]
    if not done:
        return text
    try:
        repaired = render(said, reading.body)
        worse = _errors(repaired, limits) - _errors(text, limits)
    except UnwritableFrontmatter:
        return text
    if worse:
        return text
    changes.extend(done)
    return repaired


REWRITTEN = {
    "portable.delimiters": "Put each --- on a line of its own.",
    "portable.type": "Put quotes around what other readers take for a number.",
}


def _errors(text: str, limits: Limits) -> set[str]:
    reading = read_skill((File(NAMES[0], text.encode()),), None, limits)
    return {found.rule for found in specification_findings(reading)}


def _field_repairs(said: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(rule, what was done) of each repair of `said` in place."""
    name = said.get("name")
    if isinstance(name, str) and (wanted := _spelt(name)) != name:
        said["name"] = wanted
        yield "name.characters", f"Spelt the name {wanted}."
    metadata = said.get("metadata", {})
    unknown = [field for field in said if field not in ALLOWED_FIELDS]
    if unknown and isinstance(metadata, dict) and _may_move(said, unknown, metadata):
        said["metadata"] = metadata | {field: said.pop(field) for field in unknown}
        yield "frontmatter.fields", f"Moved {', '.join(unknown)} under metadata."


def _may_move(said: dict[str, Any], fields: list[str], metadata: Any) -> bool:
    return all(isinstance(said[field], str) for field in fields) and not (
        set(fields) & set(metadata)
    )


def _spelt(name: str) -> str:
    """The same name as the rules spell it; as it was where that is not enough."""
    plain = unicodedata.normalize("NFKC", name).strip().lower()
    wanted = re.sub(r"-{2,64}", "-", re.sub(r"[\s_.]", "-", plain)).strip("-")
    return wanted if NAME.fullmatch(wanted) and len(wanted) <= MAX_NAME else name


def _closed(text: str, limits: Limits, changes: list[Change]) -> str:
    """A code block that nothing ends is ended where the text ends."""
    try:
        body = split(text)[1]
    except SkillMdError:
        return text
    *_, last = markdown.lines(f"{body}\n")
    if last.fence is None:
        return text
    opening = body.split("\n")[last.fence - 1]
    found = markdown.FENCE.match(opening)
    indent = BLANK.match(opening)
    if (
        found is None
        or indent is None
        or not opening[indent.end() :].startswith(found[1])
    ):
        return text  # in a list or a quotation: where it ends is not clear
    changes.append(Change(NAMES[0], "quality.fences", "Ended the last code block."))
    return f"{text}{'' if text.endswith(chr(10)) else chr(10)}{indent[0]}{found[1]}\n"
