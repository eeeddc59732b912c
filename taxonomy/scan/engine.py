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
    decodings,
    has_nul,
    is_binary,
    is_script,
    is_unreadable,
    matching_file_rules,
)
from taxonomy.scan.rules.pattern import CODE, MARKDOWN, NOTICE, ScanRule
from taxonomy.scan.rules.skill import SkillRuleMatch, matching_skill_rules
from taxonomy.scan.rules.wording import WORDING
from taxonomy.scan.text import (
    MARKED,
    SearchText,
    Spans,
    Starts,
    end_of,
    fenced,
    masked,
    plain,
    secret_span,
    starts_of,
    without_secrets,
)
from taxonomy.skillmd.document import Reading, read_skill
from taxonomy.skillmd.findings import Finding, Findings, Rule, Severity

SNIPPET_CHARS = 160
LINE_CHARS = 4096
"""A snippet is cut from the first LINE_CHARS characters of its line."""
PER_RULE_AND_FILE = 5
CONTINUED = re.compile(r"\\\r?\n")
FENCES = re.compile("```|~~~")


def fingerprint_of(*parts: str) -> str:
    """The parts hashed to 32 hex digits. Waivers name findings by their fingerprint."""
    text = "\0".join(parts).encode("utf-8", "surrogatepass")
    return hashlib.sha256(text).hexdigest()[:32]


def truncated(findings: list[Finding], limit: int) -> Iterator[Finding]:
    """At most `limit` findings. If there are more, the last one sums up the rest."""
    if len(findings) <= limit:
        yield from findings
        return
    yield from findings[: limit - 1]
    rest = findings[limit - 1 :]
    worst = min(rest, key=lambda finding: list(Severity).index(finding.severity))
    yield summary(worst, [finding.fingerprint for finding in rest])


def summary(finding: Finding, fingerprints: list[str]) -> Finding:
    """The finding as a summary of all findings with these fingerprints.

    Its fingerprint covers all of theirs, so that a waiver of it ends when one changes.
    """
    return replace(
        finding,
        message=f"{finding.message} (and {len(fingerprints) - 1} more findings)",
        fingerprint=fingerprint_of(*fingerprints),
    )


@dataclass(frozen=True)
class ScannedText:
    """One file's text in the forms that the rules search."""

    path: str
    text: str
    starts: Starts
    joined: SearchText
    """The text with `\\` at line ends blanked out, so that a shell command which
    continues on the next line is one line. Every character keeps its offset."""
    plain: SearchText | None
    """The text without markup, invisible characters and look-alike letters; None if
    it has none of these."""
    code: SearchText | None
    """The parts that are program code: all of a script, the code blocks of Markdown."""

    @classmethod
    def of(cls, file: File, text: str) -> "ScannedText":
        starts = starts_of(text)
        joined = _with_joined_lines(text)
        unmarked = (
            _with_joined_lines(plain(text, starts)) if MARKED.search(text) else None
        )
        code = joined if is_script(file) else None
        if code is None and MARKDOWN.search(file.path) and FENCES.search(text):
            code = _with_joined_lines(fenced(text, starts))
        return cls(file.path, text, starts, joined, unmarked, code)

    def findings(self) -> Iterator[Finding]:
        matches = {rule.rule: self._matches(rule) for rule in TEXT_RULES}
        secrets = Spans(_secret_spans(matches.values()))
        for rule in TEXT_RULES:
            lines = self._matched_lines(rule, matches[rule.rule])
            yield from self._findings_of(rule, lines, secrets)

    def _searched_text(self, rule: ScanRule) -> SearchText | None:
        """The form of the text that the rule searches. None: not for this file."""
        if rule.files is CODE:
            return self.code
        return self.joined if rule.files.search(self.path) else None

    def _matches(self, rule: ScanRule) -> list[re.Match[str]]:
        searched = self._searched_text(rule)
        return list(searched.matches(rule)) if searched else []

    def _matched_lines(
        self, rule: ScanRule, matches: list[re.Match[str]]
    ) -> dict[int, int]:
        """First line → last line of each match.

        Wording rules also search `plain`; its matches on lines that are already covered
        are dropped.
        """
        searched = self._searched_text(rule)
        lines = _line_ranges(searched, matches) if searched else {}
        if searched and self.plain and rule in WORDING:
            covered = {
                n for first, last in lines.items() for n in range(first, last + 1)
            }
            in_plain = _line_ranges(self.plain, self.plain.matches(rule))
            lines |= {
                first: last
                for first, last in in_plain.items()
                if not {first, last} & covered
            }
        return dict(sorted(lines.items()))

    def _findings_of(
        self, rule: ScanRule, lines: dict[int, int], secrets: Spans
    ) -> Iterator[Finding]:
        """One for each line that has a match, but at most PER_RULE_AND_FILE."""
        limit = PER_RULE_AND_FILE
        findings = (
            self._finding(rule, first, fingerprint, secrets)
            for first, fingerprint in self._fingerprints(rule, lines)
        )
        if len(lines) <= limit:
            yield from findings
            return
        yield from islice(findings, limit - 1)
        rest = [
            fingerprint_of(rule.rule, self.path, self._normalized(first, last))
            for first, last in islice(lines.items(), limit - 1, None)
        ]
        yield summary(next(findings), rest)

    def _fingerprints(
        self, rule: ScanRule, lines: dict[int, int]
    ) -> Iterator[tuple[int, str]]:
        """(first line, fingerprint) of each match.

        Matches with the same text are numbered, so that their fingerprints differ.
        """
        occurrences: Counter[str] = Counter()
        for first, last in lines.items():
            text = self._normalized(first, last)
            number = [str(occurrences[text])] if occurrences[text] else []
            occurrences[text] += 1
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

    def _normalized(self, first: int, last: int) -> str:
        """The lines single-spaced: editors change indentation and line breaks."""
        start, end = self._span(first, last)
        return " ".join(self.text[start:end].split())

    def _snippet(self, line: int, secrets: Spans) -> str:
        start, end = self._span(line, line)
        end = min(end, start + LINE_CHARS)
        redacted = without_secrets(self.text, secrets, start, end)
        return masked(redacted.strip())[:SNIPPET_CHARS]


def _with_joined_lines(text: str) -> SearchText:
    joined = CONTINUED.sub(lambda match: " " * len(match[0]), text)
    return SearchText.of(joined, starts_of(text))


def _line_ranges(
    searched: SearchText, matches: Iterable[re.Match[str]]
) -> dict[int, int]:
    """First line → last line; of matches that begin together, the longest counts."""
    lines: dict[int, int] = {}
    for match in matches:
        first, last = searched.lines_of(match)
        lines[first] = max(last, lines.get(first, last))
    return lines


def _secret_spans(
    matches_by_rule: Iterable[list[re.Match[str]]],
) -> Iterator[tuple[int, int]]:
    for matches in matches_by_rule:
        if matches and "secret" in matches[0].re.groupindex:
            yield from filter(None, map(secret_span, matches))


MOST_FINDINGS = 500
RULES = (Rule("scan.bounds", parameters=(MOST_FINDINGS, PER_RULE_AND_FILE)),)
"""The limits of the scan, in the form of a rule, so that the rule set's digest covers
them."""


def scan(
    files: Files, limits: Limits = DEFAULT_LIMITS, reading: Reading | None = None
) -> Findings:
    """Findings by file and line, at most five of one rule in one file.

    If there are more, the fifth sums up the rest, and so does the last of MOST_FINDINGS
    for the whole skill. `reading` is the parsed SKILL.md, if the caller has it.
    """
    reading = reading or read_skill(files, None, limits)
    findings = [
        *_file_findings(files, limits),
        *(
            _skill_finding(match)
            for match in matching_skill_rules(reading, files, limits.scanned_bytes)
        ),
    ]
    return tuple(truncated(findings, MOST_FINDINGS))


def _file_findings(files: Files, limits: Limits) -> Iterator[Finding]:
    """Findings of the rules for whole files and of those for text.

    All texts together are scanned up to `scanned_total_bytes`; binary files do not
    count towards it.
    """
    remaining = limits.scanned_total_bytes
    for file in sorted(files, key=_scan_order):
        yield from (_file_finding(rule, file) for rule in matching_file_rules(file))
        binary = is_binary(file)
        allowed = limits.scanned_bytes
        if not binary:
            allowed = min(allowed, remaining)
        if len(file.content) > allowed:
            yield _oversize_finding(file)
        if not binary:
            remaining -= min(len(file.content), allowed)
            yield from _text_findings(file, allowed)


def _scan_order(file: File) -> tuple[bool, bool, str]:
    """SKILL.md first; files with a NUL, which are rarely text, last."""
    return file.path != "SKILL.md", has_nul(file), file.path


def _oversize_finding(file: File) -> Finding:
    """A warning where the rest of the file might be text, else a notice."""
    finding = _file_finding(OVERSIZE, file)
    may_be_text = is_unreadable(file) or not has_nul(file)
    return finding if may_be_text else replace(finding, severity=NOTICE)


def _text_findings(file: File, allowed: int) -> Iterator[Finding]:
    """The findings in each decoding of the file, each rule and line once."""
    seen: set[tuple[str, int | None]] = set()
    for text in decodings(file.content[:allowed]):
        findings = list(ScannedText.of(file, text).findings())
        yield from (each for each in findings if (each.rule, each.line) not in seen)
        seen |= {(each.rule, each.line) for each in findings}


def _file_finding(rule: FileRule, file: File) -> Finding:
    """A finding about a whole file; its fingerprint changes with every byte."""
    return Finding(
        rule.rule,
        rule.severity,
        rule.message,
        rule.remedy,
        file=file.path,
        why=rule.why,
        fingerprint=fingerprint_of(rule.rule, file.path, file.blob_digest),
    )


def _skill_finding(match: SkillRuleMatch) -> Finding:
    rule = match.rule
    return Finding(
        rule.rule,
        rule.severity,
        rule.message,
        rule.remedy,
        file=match.path,
        line=match.line,
        snippet=masked(match.text)[:SNIPPET_CHARS],
        why=rule.why,
        fingerprint=fingerprint_of(rule.rule, match.path, match.text),
    )
