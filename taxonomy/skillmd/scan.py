"""The advisory security scan: fast patterns over every text file of a skill.

It finds what a careless or clumsy author leaves; it does not replace a review.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator

from taxonomy.packaging.files import File, Files
from taxonomy.packaging.limits import DEFAULT_LIMITS, Limits
from taxonomy.skillmd.findings import Finding, Findings, Severity
from taxonomy.skillmd.scan_rules import RULES, ScanRule

SNIPPET_CHARS = 160
PER_RULE_AND_FILE = 5
PROGRAMS = (b"\x7fELF", b"MZ\x90\x00", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")


def scan(files: Files, limits: Limits = DEFAULT_LIMITS) -> Findings:
    """Findings by file and line; at most five of one rule in one file."""
    return tuple(
        finding
        for file in files
        for finding in (*_of_the_file(file, limits), *_of_its_text(file, limits))
    )


def _of_the_file(file: File, limits: Limits) -> Iterator[Finding]:
    if file.content.startswith(PROGRAMS):
        yield Finding(
            "scan.program",
            Severity.WARNING,
            "It is a compiled program",
            "Ship source code, or name a package that provides the program.",
            file=file.path,
            why="A compiled program cannot be reviewed.",
        )
    if len(file.content) > limits.scanned_bytes:
        yield Finding(
            "scan.oversize",
            Severity.NOTICE if b"\0" in file.content else Severity.WARNING,
            f"It has {len(file.content)} bytes; the scan reads {limits.scanned_bytes}",
            "Split the file, or leave it out.",
            file=file.path,
            why="What lies beyond was not scanned.",
        )


def _of_its_text(file: File, limits: Limits) -> Iterator[Finding]:
    content = file.content[: limits.scanned_bytes]
    if b"\0" in content[:8192] and file.path != "SKILL.md":
        return  # fonts, images and the like
    text = content.decode("utf-8", "replace")
    starts = [0, *(found.end() for found in re.finditer("\n", text))]
    seen: set[tuple[str, int]] = set()
    for rule in RULES:
        for line in _lines(rule, text, starts):
            if (rule.rule, line) not in seen:
                seen.add((rule.rule, line))
                yield _finding(rule, file.path, line, text, starts)


def _lines(rule: ScanRule, text: str, starts: list[int]) -> list[int]:
    lines: list[int] = []
    for found in rule.pattern.finditer(text):
        line = bisect_right(starts, found.start())
        if line not in lines:
            lines.append(line)
        if len(lines) == PER_RULE_AND_FILE:
            break
    return lines


def _finding(
    rule: ScanRule, path: str, line: int, text: str, starts: list[int]
) -> Finding:
    end = starts[line] if line < len(starts) else len(text)
    return Finding(
        rule.rule,
        rule.severity,
        rule.message,
        rule.remedy,
        file=path,
        line=line,
        snippet=text[starts[line - 1] : end].strip()[:SNIPPET_CHARS],
        why=rule.why,
    )
