"""The scale of the measurement: everything or, with QUICK=1, a quick trial."""

from dataclasses import dataclass

LIVE = 60
"""Jobs that wait for an answer, beside the finished ones; more than a page."""
FINISHED_ALONE = ("GET /jobs?status=failed",)
"""Operations that show only finished jobs."""


@dataclass(frozen=True)
class Scale:
    rounds: int = 5
    few_rounds: int = 3
    """Rounds for everything but the main figures."""
    peers_within: float = 180.0
    workers_within: float = 90.0
    finished_within: float = 50.0
    tables_within: float = 80.0
    """Seconds after which a part starts no further round; twelve minutes in all."""
    latencies: int = 15
    """Tasks sent to an idle worker, each round."""
    backlog: int = 2000
    """Tasks in the queue when the workers start."""
    seconds: float = 1.5
    """Seconds for which busy workers are watched, and idle ones as well."""
    worker_counts: tuple[int, ...] = (2, 4)
    """Numbers of workers, besides the single one of the latencies."""
    finished: tuple[int, ...] = (0, 1_000, 10_000, 200_000)
    """Numbers of finished jobs in the table; the second fills a page of every list."""
    jobs: int = 20
    """Whole jobs in each round."""
    calls: int = 15
    """Calls of each operation on a large table, in each round."""


QUICK = Scale(
    rounds=2,
    few_rounds=1,
    latencies=4,
    backlog=300,
    seconds=0.7,
    worker_counts=(2,),
    finished=(0, 1_000, 2_000),
    jobs=3,
    calls=3,
)
