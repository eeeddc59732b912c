"""Quality checks: an agent must find the skill by its description and follow it."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from taxonomy.skillmd import markdown
from taxonomy.skillmd.document import Reading
from taxonomy.skillmd.findings import Finding, Findings, Rule, Severity

MAX_BODY_LINES = 500
MIN_BODY_WORDS = 10
MIN_WHAT_LETTERS = 8
# The checks read only the beginning of a longer body, so that they stay fast.
CHECKED_CHARS = 1_000_000

WHEN = re.compile(
    r"\b(when(ever)?|if|before|after|while|during|triggers?|use (this|it|for|to|with)"
    r"|use this skill|for (use|users?)|on request)\b",
    re.IGNORECASE,
)
# The part of a description that says when to use the skill. The rest of it says what
# the skill does.
WHEN_PART = re.compile(
    r"(^|(?<=[.;!?]\s)|\byou (must|should) )use\b[^.;\n]*|\bwhen(ever)?\b[^.;\n]*",
    re.IGNORECASE,
)
STEP = re.compile(r"\s*(\d{1,3}[.)]|[-*+])\s+\S")
PLACEHOLDER = re.compile(
    r"(^|[\s>*_(\[-])(TODO|TBD|FIXME|XXX)(:|\s*$|\()|\blorem ipsum\b"
    r"|\[(insert|your|add|fill in|describe)\b[^\]\n]{0,80}\](?!\()"
)
HEADING = re.compile(r" {0,3}#{1,6}\s+\S")


@dataclass(frozen=True)
class Check:
    """The result of one weighted check; it is passed if it has no findings."""

    rule: str
    title: str
    weight: int
    findings: Findings = ()

    @property
    def passed(self) -> bool:
        return not self.findings


CheckFunction = Callable[[Reading], Iterator[Finding]]


def _warn(
    reading: Reading,
    rule: str,
    message: str,
    remedy: str,
    line: int,
    severity: Severity = Severity.WARNING,
) -> Finding:
    return Finding(
        f"quality.{rule}", severity, message, remedy, file=reading.path, line=line
    )


def _body(reading: Reading) -> str:
    return reading.body[:CHECKED_CHARS]


def _missing_purpose(reading: Reading) -> Iterator[Finding]:
    description = str(reading.frontmatter.get("description", ""))
    if len(re.findall(r"\w", WHEN_PART.sub(" ", description))) < MIN_WHAT_LETTERS:
        yield _warn(
            reading,
            "description-what",
            "The description does not say what the skill does",
            "Begin with what it does: Extracts tables from PDF files. Use when …",
            reading.line_of("description"),
        )


def _missing_occasion(reading: Reading) -> Iterator[Finding]:
    if not WHEN.search(str(reading.frontmatter.get("description", ""))):
        yield _warn(
            reading,
            "description-when",
            "The description does not say when to use the skill",
            "Add a sentence: Use when …",
            reading.line_of("description"),
        )


def _missing_body(reading: Reading) -> Iterator[Finding]:
    if len(_body(reading).split(None, MIN_BODY_WORDS)) < MIN_BODY_WORDS:
        message = "The body says nothing that an agent could follow"
        remedy = "Write the steps below the frontmatter."
        yield _warn(reading, "body", message, remedy, reading.body_line)


def _long_body(reading: Reading) -> Iterator[Finding]:
    if (count := reading.body.count("\n") + 1) >= MAX_BODY_LINES:
        message = f"The body has {count} lines; agents read it whole"
        remedy = f"Keep it under {MAX_BODY_LINES} lines; move parts to references/."
        yield _warn(reading, "body-lines", message, remedy, reading.body_line)


def _missing_steps(reading: Reading) -> Iterator[Finding]:
    for line in markdown.lines(_body(reading)):
        if line.fence or STEP.match(line.text):
            return
    message = "The body holds neither steps nor commands"
    remedy = "Write a list of steps, or the commands in a code block."
    yield _warn(reading, "steps", message, remedy, reading.body_line)


def _broken_links(reading: Reading) -> Iterator[Finding]:
    folders = {
        "/".join(path.split("/")[:depth])
        for path in reading.paths
        for depth in range(1, path.count("/") + 1)
    }
    targets = reading.paths | folders
    for line, path in markdown.relative_links(_body(reading), reading.body_line):
        if path not in targets:
            message = f"The link to {path!r} leads to no file of the skill"
            yield _warn(
                reading, "links", message, "Add the file or fix the link.", line
            )


def _unmentioned_references(reading: Reading) -> Iterator[Finding]:
    for file in reading.files:
        folder, _, name = file.path.rpartition("/")
        if folder.startswith("references") and name not in reading.body:
            yield Finding(
                "quality.references",
                Severity.NOTICE,
                "SKILL.md never mentions this reference, so no agent opens it",
                f"Link it: [{name}]({file.path}), and say when to read it.",
                file=file.path,
            )


def _unfinished_text(reading: Reading) -> Iterator[Finding]:
    for number, text in markdown.prose(_body(reading), reading.body_line):
        if placeholder := PLACEHOLDER.search(text):
            message = f"Unfinished text: {placeholder[0].strip()!r}"
            yield _warn(reading, "unfinished", message, "Write it or drop it.", number)


def _missing_headings(reading: Reading) -> Iterator[Finding]:
    prose = markdown.prose(_body(reading))
    if not any(HEADING.match(text) for _, text in prose):
        message, remedy = "The body has no heading", "Begin it with # and a title."
        severity = Severity.NOTICE
        yield _warn(reading, "headings", message, remedy, reading.body_line, severity)


def _unclosed_fences(reading: Reading) -> Iterator[Finding]:
    *_, last = markdown.lines(f"{_body(reading)}\n", reading.body_line)
    if last.fence:
        message = "This code block is never closed"
        remedy = "End the code block with the same mark that begins it."
        yield _warn(reading, "fences", message, remedy, last.fence)


# (rule, title, weight, function that yields the findings)
CHECKS: tuple[tuple[str, str, int, CheckFunction], ...] = (
    (
        "description-what",
        "The description says what the skill does",
        2,
        _missing_purpose,
    ),
    ("description-when", "The description says when to use it", 2, _missing_occasion),
    ("body", "The body has instructions", 3, _missing_body),
    ("body-lines", "The body is under 500 lines", 1, _long_body),
    ("steps", "It has steps or commands", 2, _missing_steps),
    ("links", "Every relative link leads to a file", 2, _broken_links),
    ("references", "Every reference is mentioned", 1, _unmentioned_references),
    ("unfinished", "No text is unfinished", 2, _unfinished_text),
    ("headings", "It has headings", 1, _missing_headings),
    ("fences", "Every code block is closed", 1, _unclosed_fences),
)
PARAMETERS: Mapping[str, tuple[object, ...]] = {
    "description-what": (WHEN_PART, MIN_WHAT_LETTERS),
    "description-when": (WHEN,),
    "body": (MIN_BODY_WORDS,),
    "body-lines": (MAX_BODY_LINES,),
    "steps": (STEP,),
    "links": (markdown.INLINE_CODE, markdown.LINK_TARGET),
    "unfinished": (PLACEHOLDER,),
    "headings": (HEADING,),
}
NOTICES = frozenset({"references", "headings"})
RULES = tuple(
    Rule(
        f"quality.{rule}",
        Severity.NOTICE if rule in NOTICES else Severity.WARNING,
        (weight, *PARAMETERS.get(rule, ())),
    )
    for rule, _, weight, _ in CHECKS
)
"""The rules of this module, as entries for the rule set."""


def quality_checks(reading: Reading) -> tuple[Check, ...]:
    """The result of every check; () if SKILL.md could not be parsed."""
    if reading.document is None:
        return ()
    return tuple(
        Check(f"quality.{rule}", title, weight, tuple(check(reading)))
        for rule, title, weight, check in CHECKS
    )
