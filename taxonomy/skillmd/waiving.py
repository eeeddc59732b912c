"""Which findings of the scan a waiver is about."""

from collections.abc import Collection
from dataclasses import dataclass

from taxonomy.skillmd.findings import Findings


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
