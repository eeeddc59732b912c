"""What a check reports: one finding per problem, with its place and its remedy.

A waiver accepts findings of the security scan by their fingerprints."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


MORE = ("field", "snippet", "why", "fingerprint")


class Severity(StrEnum):
    CRITICAL = "critical"
    """A security risk; fails the skill unless a curator waives it."""
    ERROR = "error"
    """Breaks the format; fails the skill and cannot be waived."""
    WARNING = "warning"
    """Worth a look; the skill passes with warnings."""
    NOTICE = "notice"
    """Good to know; changes nothing."""


@dataclass(frozen=True)
class Rule:
    """One rule as the list of all rules names it; see `rule_set`.

    `parameters` are the patterns and bounds that the rule judges by.
    """

    rule: str
    severity: Severity = Severity.ERROR
    parameters: tuple[object, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One problem. `line` counts from 1; `field` names a frontmatter field.

    Its texts can always be stored and shown: control characters become U+FFFD.
    """

    rule: str
    severity: Severity
    message: str
    remedy: str = ""
    file: str = ""
    line: int | None = None
    field: str = ""
    snippet: str = ""
    why: str = ""
    fingerprint: str = ""
    """Of a finding of the scan: what a waiver names. It changes with the text."""

    def __post_init__(self) -> None:
        for name in ("message", "remedy", "file", "field", "snippet"):
            object.__setattr__(self, name, CONTROL.sub("\ufffd", getattr(self, name)))

    def as_json(self) -> dict[str, Any]:
        """Always the five main keys; the others where they say something."""
        main = {
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "file": self.file,
            "line": self.line,
        }
        more = {name: getattr(self, name) for name in MORE}
        return main | {k: v for k, v in more.items() if v} | {"remedy": self.remedy}

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" if place else self.message


Findings = tuple[Finding, ...]


def of_severity(findings: Iterable[Finding], *severities: Severity) -> Findings:
    return tuple(finding for finding in findings if finding.severity in severities)


@dataclass(frozen=True)
class Chosen:
    """A choice among findings: each of these fields that is given must fit.

    `fingerprints` names findings one by one.
    """

    rule: str = ""
    file: str = ""
    line: int | None = None
    fingerprints: Collection[str] = ()

    def among(self, findings: Findings) -> Findings:
        return tuple(
            found
            for found in findings
            if found.fingerprint
            and self.rule in ("", found.rule)
            and self.file in ("", found.file)
            and self.line in (None, found.line)
            and (not self.fingerprints or found.fingerprint in self.fingerprints)
        )


class Waived(NamedTuple):
    """What a curator accepted: a finding, as bad as it was then, or less."""

    fingerprint: str
    severity: str = ""
    """Empty: however bad it is."""


def covers(waived: Collection[Waived], one: Waived) -> bool:
    """Whether it was accepted as it is now, or when it was worse."""
    worst_first = ["", *Severity]
    as_bad = worst_first[: worst_first.index(one.severity) + 1]
    return any(Waived(one.fingerprint, severity) in waived for severity in as_bad)


def is_accepted(found: Finding, waived: Collection[Waived]) -> bool:
    return covers(waived, Waived(found.fingerprint, found.severity))
