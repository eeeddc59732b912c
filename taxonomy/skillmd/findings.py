"""Findings: each reports one problem of a skill, its file and line, and its remedy.

Waivers accept findings of the security scan by their fingerprints."""

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")


OPTIONAL_KEYS = ("field", "snippet", "why", "fingerprint")
"""Keys of the JSON that are left out when they are empty."""


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
    """One rule as an entry of the rule set; see `rule_set`.

    `parameters` are the patterns and bounds that the rule decides by.
    """

    rule: str
    severity: Severity = Severity.ERROR
    parameters: tuple[object, ...] = ()


@dataclass(frozen=True)
class Finding:
    """One problem. `line` counts from 1; `field` names a frontmatter field.

    Control characters in its texts become U+FFFD, so that they can be stored.
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
    """A waiver names the finding by it; it changes with the text that the scan found.

    Only findings of the scan have one.
    """

    def __post_init__(self) -> None:
        for name in ("message", "remedy", "file", "field", "snippet"):
            object.__setattr__(self, name, CONTROL.sub("\ufffd", getattr(self, name)))

    def as_json(self) -> dict[str, Any]:
        """The five main keys, and those of OPTIONAL_KEYS that are not empty."""
        main = {
            "rule": self.rule,
            "severity": str(self.severity),
            "message": self.message,
            "file": self.file,
            "line": self.line,
        }
        more = {name: getattr(self, name) for name in OPTIONAL_KEYS}
        return main | {k: v for k, v in more.items() if v} | {"remedy": self.remedy}

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.message}" if place else self.message


Findings = tuple[Finding, ...]


def of_severity(findings: Iterable[Finding], *severities: Severity) -> Findings:
    return tuple(finding for finding in findings if finding.severity in severities)


@dataclass(frozen=True)
class FindingFilter:
    """Selects findings of the scan; a finding must match each field that is set."""

    rule: str = ""
    file: str = ""
    line: int | None = None
    fingerprints: Collection[str] = ()

    def matching(self, findings: Findings) -> Findings:
        return tuple(each for each in findings if self._matches(each))

    def _matches(self, finding: Finding) -> bool:
        return (
            finding.fingerprint != ""
            and self.rule in ("", finding.rule)
            and self.file in ("", finding.file)
            and self.line in (None, finding.line)
            and (not self.fingerprints or finding.fingerprint in self.fingerprints)
        )


class WaivedFinding(NamedTuple):
    """A finding that a curator accepted, at the severity that it had then."""

    fingerprint: str
    severity: str = ""
    """Empty: the waiver holds for every severity."""


def is_covered(finding: WaivedFinding, waived: Collection[WaivedFinding]) -> bool:
    """Whether the finding was waived at its severity or a worse one."""
    worst_first = ["", *Severity]
    as_bad = worst_first[: worst_first.index(finding.severity) + 1]
    return any(
        WaivedFinding(finding.fingerprint, severity) in waived for severity in as_bad
    )


def is_waived(finding: Finding, waived: Collection[WaivedFinding]) -> bool:
    """As `is_covered`."""
    return is_covered(WaivedFinding(finding.fingerprint, finding.severity), waived)
