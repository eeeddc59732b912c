"""One contender on its own database: its sender, and workers while a round lasts."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from benchmarks.queueing.contenders import CONTENDERS
from benchmarks.queueing.processes import Asked, Workers, cpu_below
from benchmarks.queueing.scale import Scale

SETTLING = 0.5


@dataclass
class Figures:
    """Of one contender, one entry a round; latencies are those of all rounds."""

    latencies: list[float] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)


@dataclass
class Theatre:
    """The servers, and all stages on them by name."""

    folder: Path
    postgres: str
    valkey: str
    stages: dict[str, "Stage"] = field(default_factory=dict)

    def open(self, stage: "Stage") -> "Stage":
        self.stages[stage.title] = stage
        return stage

    def close(self) -> None:
        for stage in self.stages.values():
            stage.close()


class Stage:
    """`title` tells stages of one contender apart; `like` is copied as it is."""

    def __init__(
        self, name: str, theatre: Theatre, title: str = "", like: str = "template1"
    ) -> None:
        self.name, self.title = name, title or name
        self.folder = theatre.folder / self.title
        self.folder.mkdir()
        self.url = create_database(theatre.postgres, self.title, like)
        self.environment = {
            "DJANGO_SETTINGS_MODULE": CONTENDERS[name].settings,
            "DATABASE_URL": self.url,
            "SKILLFLEET_VAR_DIR": str(self.folder / "var"),
            "REDIS_URL": "",
            "BENCH_CONTENDER": name,
            "BENCH_VALKEY": theatre.valkey,
        }
        self.sender = Asked(
            "benchmarks.queueing.asked",
            name,
            str(self.folder / "answers"),
            environment=self.environment,
        )
        self.sender.ask("drain")  # its database is migrated then
        with psycopg.connect(self.url) as connection:
            backend = connection.info.backend_pid
            stat = Path(f"/proc/{backend}/stat").read_text()
            self.postmaster = int(stat.rpartition(")")[2].split()[1])

    @contextmanager
    def workers(self, number: int) -> Iterator[Workers]:
        log = self.folder / "workers.log"
        workers = Workers(self.name, number, self.environment, log)
        try:
            if self.sender.ask("warm", 4 * number) < 4 * number:
                raise RuntimeError(f"{self.name} does not work:\n{log.read_text()}")
            time.sleep(SETTLING)
            yield workers
        finally:
            workers.close()
            self.sender.ask("purge")

    def measure(self, number: int, scale: Scale, into: Figures) -> None:
        """One round: idle latency, what idling costs, throughput."""
        with self.workers(number) as workers:
            found = sorted(self.sender.ask("latencies", scale.latencies))
            into.latencies += found
            into.medians.append(found[len(found) // 2])
            into.idle.append(self._idle(workers, scale.seconds))
            into.rates.append(self._rate(workers, scale))

    def rate(self, number: int, scale: Scale) -> float:
        """Tasks done per second by so many workers."""
        with self.workers(number) as workers:
            return self._rate(workers, scale)

    def job_rate(self, number: int, jobs: int) -> float:
        """Whole jobs per second; of ours alone."""
        with self.workers(number) as workers:
            workers.signal(signal.SIGSTOP)
            self.sender.ask("whole_jobs", jobs)
            workers.signal(signal.SIGCONT)
            return float(self.sender.ask("ended"))

    def _idle(self, workers: Workers, seconds: float) -> float:
        """Of one core, workers and database together."""
        before = workers.cpu() + cpu_below(self.postmaster)
        time.sleep(seconds)
        return (workers.cpu() + cpu_below(self.postmaster) - before) / seconds

    def _rate(self, workers: Workers, scale: Scale) -> float:
        workers.signal(signal.SIGSTOP)
        self.sender.ask("backlog", scale.backlog)
        workers.signal(signal.SIGCONT)
        return float(self.sender.ask("watch", scale.seconds, scale.backlog))

    def close(self) -> None:
        self.sender.close()


def create_database(postgres: str, name: str, template: str) -> str:
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE "{template}"')
    return f"{postgres.rpartition('/')[0]}/{name}"
