"""The advisory security scan: fast patterns over every text file of a skill.

It finds what a careless or clumsy author leaves; it does not replace a review.
"""

from collections.abc import Iterator
from dataclasses import replace

from taxonomy.packaging.files import File, Files
from taxonomy.packaging.limits import DEFAULT_LIMITS, Limits
from taxonomy.skillmd.findings import Finding, Findings
from taxonomy.skillmd.reading import Reading, read_skill
from taxonomy.skillmd.scan_files import OVERSIZE, FileRule, of_the_file
from taxonomy.skillmd.scan_kinds import has_nul, is_skipped, is_unreadable, readings
from taxonomy.skillmd.scan_masking import masked
from taxonomy.skillmd.scan_pattern import NOTICE
from taxonomy.skillmd.scan_skill import SkillRule, of_the_skill
from taxonomy.skillmd.scan_text import (
    SNIPPET_CHARS,
    ScannedText,
    fingerprint_of,
    gathered,
)

MOST_FINDINGS = 500


def scan(
    files: Files, limits: Limits = DEFAULT_LIMITS, reading: Reading | None = None
) -> Findings:
    """Findings by file and line; at most five of one rule in one file.

    The fifth then stands for those that follow it, too, and so does the last of all:
    its fingerprint is of all their lines. `reading`, if there is one, saves a read.
    """
    reading = reading or read_skill(files, None, limits)
    found = [
        *_of_all_texts(files, limits),
        *(
            _said(rule, path, line, text)
            for rule, path, line, text in of_the_skill(
                reading, files, limits.scanned_bytes
            )
        ),
    ]
    return tuple(gathered(found, MOST_FINDINGS))


def _of_all_texts(files: Files, limits: Limits) -> Iterator[Finding]:
    left = limits.scanned_total_bytes
    for file in sorted(files, key=_turn):
        yield from (_whole(rule, file) for rule in of_the_file(file))
        skipped = is_skipped(file)
        allowed = min(limits.scanned_bytes, limits.scanned_bytes if skipped else left)
        if len(file.content) > allowed:
            oversize = _whole(OVERSIZE, file)
            text = is_unreadable(file) or not has_nul(file)
            yield oversize if text else replace(oversize, severity=NOTICE)
        if not skipped:
            left -= min(len(file.content), allowed)
            yield from _of_text(file, allowed)


def _turn(file: File) -> tuple[bool, bool, str]:
    """SKILL.md first, and what may be no text last."""
    return file.path != "SKILL.md", has_nul(file), file.path


def _of_text(file: File, allowed: int) -> Iterator[Finding]:
    """What each way to read it shows, each place once."""
    seen: set[tuple[str, int | None]] = set()
    for text in readings(file.content[:allowed]):
        found = list(ScannedText.of(file, text).findings())
        yield from (each for each in found if (each.rule, each.line) not in seen)
        seen |= {(each.rule, each.line) for each in found}


def _whole(rule: FileRule, file: File) -> Finding:
    """A finding about a file, that stands as long as not a byte of it changes."""
    return Finding(
        rule.rule,
        rule.severity,
        rule.message,
        rule.remedy,
        file=file.path,
        why=rule.why,
        fingerprint=fingerprint_of(rule.rule, file.path, file.blob_digest),
    )


def _said(rule: SkillRule, path: str, line: int, text: str) -> Finding:
    return Finding(
        rule.rule,
        rule.severity,
        rule.message,
        rule.remedy,
        file=path,
        line=line,
        snippet=masked(text)[:SNIPPET_CHARS],
        why=rule.why,
        fingerprint=fingerprint_of(rule.rule, path, text),
    )
