"""The whole verdict on one skill: what is wrong with it, and how good it is."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Any, Self

from taxonomy.skillmd.findings import (
    Finding,
    Findings,
    Severity,
    Waived,
    is_accepted,
    of_severity,
)
from taxonomy.skillmd.quality import QUESTIONS, Check

PASSED, WARNINGS, FAILED = "passed", "warnings", "failed"
WEIGHTS = {"specification": 5, "portable": 3, "files": 3, "security": 5}
"""How much each group of rules counts in the score, beside the quality checks."""


@dataclass(frozen=True)
class Report:
    """Findings by kind, and what curators accepted."""

    specification: Findings
    portable: Findings
    gate: Findings
    security: Findings
    quality: tuple[Check, ...]
    waived: frozenset[Waived] = frozenset()

    def with_waived(self, waived: Collection[Waived]) -> Self:
        """The same report, with these findings accepted."""
        return replace(self, waived=frozenset(waived))

    @property
    def findings(self) -> Findings:
        """All that is open, each once, the worst first."""
        judged = [*self.specification, *self.portable, *self.gate, *self.open_risks]
        judged += [finding for check in self.quality for finding in check.findings]
        order = list(Severity)
        return tuple(
            sorted(dict.fromkeys(judged), key=lambda f: order.index(f.severity))
        )

    @property
    def open_risks(self) -> Findings:
        """What the scan found and nobody waived."""
        return tuple(f for f in self.security if not is_accepted(f, self.waived))

    @property
    def accepted(self) -> Findings:
        """What the scan found and a curator waived."""
        return tuple(f for f in self.security if is_accepted(f, self.waived))

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
        """Every weighted question, also those a broken document leaves unasked."""
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
                    for rule, title, weight, _ in QUESTIONS
                )
            ),
        )

    @property
    def score(self) -> float:
        """0..1: the share of the weighted checks that are passed."""
        checks = self.checks
        reached = sum(check.weight for check in checks if check.passed)
        return round(reached / sum(check.weight for check in checks), 4)

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
