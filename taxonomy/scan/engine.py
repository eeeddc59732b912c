"""The advisory security scan: fast patterns over every text file of a skill.

It finds what a careless or clumsy author leaves; it does not replace a review."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from taxonomy.files.gate import DEFAULT_LIMITS, File, Files, Limits
from taxonomy.scan.rules import TEXT_RULES
from taxonomy.scan.rules.files import (
    OVERSIZE,
    FileRule,
    has_nul,
    is_script,
    is_skipped,
    is_unreadable,
    of_the_file,
    readings,
)
from taxonomy.scan.rules.pattern import CODE, MARKDOWN, NOTICE, ScanRule
from taxonomy.scan.rules.skill import SkillRule, of_the_skill
from taxonomy.scan.rules.wording import WORDING
from taxonomy.scan.text import (
    MARKED,
    Copy,
    Spans,
    Starts,
    end_of,
    fenced,
    masked,
    plain,
    secret_of,
    starts_of,
    without,
)
from taxonomy.skillmd.document import Reading, read_skill
from taxonomy.skillmd.findings import Finding, Findings, Rule, Severity

SNIPPET_CHARS = 160
LINE_CHARS = 4096
"""How much of a line is looked through for its snippet."""
PER_RULE_AND_FILE = 5
CONTINUED = re.compile(r"\\\r?\n")
FENCES = re.compile("```|~~~")


def fingerprint_of(*parts: str) -> str:
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]


def gathered(found: list[Finding], most: int) -> Iterator[Finding]:
    """The first ones; the last of these stands for those that are left out, too."""
    yield from found[: most - 1] if len(found) > most else found
    if len(found) > most:
        rest = found[most - 1 :]
        worst = min(
            rest,
            key=lambda finding: list(Severity).index(finding.severity),
        )
        yield standing_for(worst, [finding.fingerprint for finding in rest])


def standing_for(finding: Finding, fingerprints: list[str]) -> Finding:
    """The finding for itself and the others of these fingerprints."""
    return replace(
        finding,
        message=f"{finding.message} (and {len(fingerprints) - 1} more findings)",
        fingerprint=fingerprint_of(*fingerprints),
    )


@dataclass(frozen=True)
class ScannedText:
    """One file's text with its lines, as the rules look at it."""

    path: str
    text: str
    starts: Starts
    joined: Copy
    """With shell lines joined; every character keeps its place."""
    plain: Copy | None
    """As an agent may take it, where that is another text."""
    code: Copy | None
    """What of it is program text."""

    @classmethod
    def of(cls, file: File, text: str) -> "ScannedText":
        starts = starts_of(text)
        joined = _joined(text)
        unmarked = _joined(plain(text, starts)) if MARKED.search(text) else None
        code = joined if is_script(file) else None
        if code is None and MARKDOWN.search(file.path) and FENCES.search(text):
            code = _joined(fenced(text, starts))
        return cls(file.path, text, starts, joined, unmarked, code)

    def findings(self) -> Iterator[Finding]:
        matches = {rule.rule: self._matches(rule) for rule in TEXT_RULES}
        secrets = Spans(_secrets(matches.values()))
        for rule in TEXT_RULES:
            lines = self._lines(rule, matches[rule.rule])
            yield from self._of_rule(rule, lines, secrets)

    def _copy(self, rule: ScanRule) -> Copy | None:
        if rule.files is CODE:
            return self.code
        return self.joined if rule.files.search(self.path) else None

    def _matches(self, rule: ScanRule) -> list[re.Match[str]]:
        copy = self._copy(rule)
        return list(copy.matches(rule)) if copy else []

    def _lines(self, rule: ScanRule, matches: list[re.Match[str]]) -> dict[int, int]:
        """First line → last line of each match.

        Wording rules also search `plain`; its matches on lines that are already covered
        are dropped.
        """
        copy = self._copy(rule)
        lines = _reached(copy, matches) if copy else {}
        if copy and self.plain and rule in WORDING:
            covered = {
                n for first, last in lines.items() for n in range(first, last + 1)
            }
            in_plain = _reached(self.plain, self.plain.matches(rule))
            lines |= {
                first: last
                for first, last in in_plain.items()
                if not {first, last} & covered
            }
        return dict(sorted(lines.items()))

    def _of_rule(
        self, rule: ScanRule, lines: dict[int, int], secrets: Spans
    ) -> Iterator[Finding]:
        """One for each line that has a match, but five at most."""
        most = PER_RULE_AND_FILE
        found = (
            self._finding(rule, first, fingerprint, secrets)
            for first, fingerprint in self._fingerprints(rule, lines)
        )
        if len(lines) <= most:
            yield from found
            return
        yield from islice(found, most - 1)
        rest = [
            fingerprint_of(rule.rule, self.path, self._text(first, last))
            for first, last in islice(lines.items(), most - 1, None)
        ]
        yield standing_for(next(found), rest)

    def _fingerprints(
        self, rule: ScanRule, lines: dict[int, int]
    ) -> Iterator[tuple[int, str]]:
        """By first line; of lines that say the same, each has one of its own."""
        before: Counter[str] = Counter()
        for first, last in lines.items():
            text = self._text(first, last)
            number = [str(before[text])] if before[text] else []
            before[text] += 1
            yield first, fingerprint_of(rule.rule, self.path, text, *number)

    def _finding(
        self, rule: ScanRule, line: int, fingerprint: str, secrets: Spans
    ) -> Finding:
        return Finding(
            rule.rule,
            rule.severity,
            rule.message,
            rule.remedy,
            file=self.path,
            line=line,
            snippet=self._snippet(line, secrets),
            why=rule.why,
            fingerprint=fingerprint,
        )

    def _span(self, first: int, last: int) -> tuple[int, int]:
        return self.starts[first - 1], end_of(self.text, self.starts, last)

    def _text(self, first: int, last: int) -> str:
        """The lines without what an editor changes by the way."""
        start, end = self._span(first, last)
        return " ".join(self.text[start:end].split())

    def _snippet(self, line: int, secrets: Spans) -> str:
        start, end = self._span(line, line)
        shown = without(secrets, self.text, start, min(end, start + LINE_CHARS))
        return masked(shown.strip())[:SNIPPET_CHARS]


def _joined(text: str) -> Copy:
    joined = CONTINUED.sub(lambda found: " " * len(found[0]), text)
    return Copy.of(joined, starts_of(text))


def _reached(copy: Copy, matches: Iterable[re.Match[str]]) -> dict[int, int]:
    lines: dict[int, int] = {}
    for match in matches:
        first, last = copy.lines_of(match)
        lines[first] = max(last, lines.get(first, last))
    return lines


def _secrets(matches: Iterable[list[re.Match[str]]]) -> Iterator[tuple[int, int]]:
    for found in matches:
        if found and "secret" in found[0].re.groupindex:
            yield from filter(None, map(secret_of, found))


MOST_FINDINGS = 500
RULES = (Rule("scan.bounds", parameters=(MOST_FINDINGS, PER_RULE_AND_FILE)),)
"""What all findings of the scan have in common, for the list of all rules."""


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
