"""The scale of the measurement: everything or, with QUICK=1, a quick trial."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Scale:
    rounds: int = 7
    seconds: float = 0.03
    """Seconds for each figure in each round."""
    key_counts: tuple[int, ...] = (1_000, 10_000, 100_000, 1_000_000)
    slow_rounds: int = 5
    """Rounds of measurements in which one call takes seconds."""
    wrk_seconds: int = 2
    lookups: int = 200_000


QUICK = Scale(
    rounds=3,
    seconds=0.005,
    key_counts=(1_000, 10_000),
    slow_rounds=2,
    wrk_seconds=1,
    lookups=20_000,
)
