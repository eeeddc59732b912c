"""How much is measured: all of it, or with QUICK=1 enough to see that it runs."""

from dataclasses import dataclass

LIVE = 60
"""Jobs that wait for an answer beside those that have finished: more than a page."""
FINISHED_ALONE = ("GET /jobs?status=failed",)
"""What shows nothing before something has finished."""


@dataclass(frozen=True)
class Scale:
    rounds: int = 5
    few_rounds: int = 3
    """Of what is beside the main figures."""
    peers_within: float = 180.0
    workers_within: float = 90.0
    finished_within: float = 50.0
    tables_within: float = 80.0
    """Seconds after which a part begins no other round: all in all twelve minutes."""
    latencies: int = 15
    """Tasks sent to an idle worker, each round."""
    backlog: int = 2000
    """Tasks that wait when the workers are let go."""
    seconds: float = 1.5
    """For which they are watched, and idle ones as well."""
    worker_counts: tuple[int, ...] = (2, 4)
    """Besides the one that latencies are measured with."""
    finished: tuple[int, ...] = (0, 1_000, 10_000, 200_000)
    """Jobs that ended before, in the table; the second fills every list's page."""
    jobs: int = 20
    """Whole ones, each round."""
    calls: int = 15
    """Of each operation on a large table, each round."""


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
