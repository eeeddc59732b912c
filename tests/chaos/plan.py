"""What a run is asked to do, and what it reports."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

MUTANTS = ("no-fence", "no-sweep", "message-outside", "no-renewal")


@dataclass(frozen=True)
class Plan:
    database: str
    seed: int
    jobs: int
    hits: int
    mutant: str = ""


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
