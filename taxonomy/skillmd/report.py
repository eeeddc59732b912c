"""The validation report of one skill: its findings, status and score."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

from taxonomy.skillmd.findings import (
    Finding,
    Findings,
    Severity,
    WaivedFinding,
    is_waived,
    of_severity,
)
from taxonomy.skillmd.quality import CHECKS, Check

PASSED, WARNINGS, FAILED = "passed", "warnings", "failed"
WEIGHTS = {"specification": 5, "portable": 3, "files": 3, "security": 5}
"""The weight of each group of rules in the score; quality checks have their own."""


@dataclass(frozen=True)
class Report:
    """Findings by kind, and those that curators waived."""

    specification: Findings
    portable: Findings
    gate: Findings
    security: Findings
    quality: tuple[Check, ...]
    waived: frozenset[WaivedFinding] = frozenset()

    def with_waived(self, waived: Collection[WaivedFinding]) -> Self:
        """The same report, with these findings accepted."""
        return replace(self, waived=frozenset(waived))

    @property
    def findings(self) -> Findings:
        """All findings that are not waived, each once, the worst first."""
        findings = [*self.specification, *self.portable, *self.gate, *self.open_risks]
        findings += [finding for check in self.quality for finding in check.findings]
        order = list(Severity)
        return tuple(
            sorted(dict.fromkeys(findings), key=lambda f: order.index(f.severity))
        )

    @property
    def open_risks(self) -> Findings:
        """The findings of the scan that nobody waived."""
        return tuple(f for f in self.security if not is_waived(f, self.waived))

    @property
    def accepted(self) -> Findings:
        """The findings of the scan that a curator waived."""
        return tuple(f for f in self.security if is_waived(f, self.waived))

    @property
    def errors(self) -> Findings:
        return of_severity(self.findings, Severity.CRITICAL, Severity.ERROR)

    @property
    def warnings(self) -> Findings:
        return of_severity(self.findings, Severity.WARNING)

    @property
    def status(self) -> str:
        """passed, warnings or failed.

        A failed draft cannot be promoted, a failed skill is not recommended. Publishing
        by hand is refused only when a rule is broken: risks that the scan found do not
        prevent it.
        """
        if self.errors:
            return FAILED
        return WARNINGS if self.warnings else PASSED

    @property
    def passed(self) -> bool:
        return self.status != FAILED

    @property
    def checks(self) -> tuple[Check, ...]:
        """Every weighted check.

        Quality checks could not run on a document that cannot be parsed; they fail
        with the findings of the specification.
        """
        unread = self.specification if not self.quality else ()
        return (
            *(
                Check(rule, title, WEIGHTS[rule], findings)
                for rule, title, findings in (
                    ("specification", "It meets the specification", self.specification),
                    ("portable", "Every client accepts it", _bad(self.portable)),
                    ("files", "Its files can be published", self.gate),
                    ("security", "The scan finds no risk", _bad(self.open_risks)),
                )
            ),
            *(
                self.quality
                or (
                    Check(f"quality.{rule}", title, weight, unread)
                    for rule, title, weight, _ in CHECKS
                )
            ),
        )

    @property
    def score(self) -> float:
        """The weight of the passed checks over that of all checks, 0..1."""
        checks = self.checks
        passed = sum(check.weight for check in checks if check.passed)
        return round(passed / sum(check.weight for check in checks), 4)

    def as_json(self) -> dict[str, Any]:
        portable = of_severity(self.portable, Severity.ERROR)
        return {
            "passed": self.passed,
            "status": self.status,
            "score": self.score,
            "spec": {
                "valid": not self.specification,
                "errors": _listed(self.specification),
            },
            "portable": {
                "valid": not (portable or self.specification),
                "errors": _listed(portable),
                "warnings": _listed(of_severity(self.portable, Severity.WARNING)),
            },
            "errors": _listed(self.errors),
            "warnings": _listed(self.warnings),
            "notices": _listed(of_severity(self.findings, Severity.NOTICE)),
            "waived": _listed(self.accepted),
            "checks": [
                {
                    "rule": check.rule,
                    "title": check.title,
                    "weight": check.weight,
                    "passed": check.passed,
                }
                for check in self.checks
            ],
        }


def _bad(findings: Iterable[Finding]) -> Findings:
    return tuple(f for f in findings if f.severity is not Severity.NOTICE)


def _listed(findings: Findings) -> list[dict[str, Any]]:
    return [finding.as_json() for finding in findings]
