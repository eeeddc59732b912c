"""The plan of a run, and its report."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

SCENARIOS = ("random_faults", "outage", "frozen")
"""Faults drawn from the seed; PostgreSQL stopped for 20 s; one cluster frozen until the
other one has taken over its jobs."""
MUTANTS = ("no-fence", "no-sweep", "message-outside", "no-renewal")


@dataclass(frozen=True)
class Plan:
    database: str
    seed: int
    jobs: int
    hits: int
    mutant: str = ""
    scenario: str = "random_faults"

    @property
    def lease(self) -> float:
        """Seconds. In an outage it is the default, which must outlast the outage."""
        return 60.0 if self.scenario == "outage" else 3.0


@dataclass
class Report:
    plan: Plan
    done: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)
    seconds: float = 0.0
    folder: Path | None = None
