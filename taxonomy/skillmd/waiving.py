"""Which findings of the scan a waiver is about."""

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from taxonomy.skillmd.findings import Finding, Findings, Severity


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
