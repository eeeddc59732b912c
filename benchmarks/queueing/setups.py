"""A contender's database, the process that sends its tasks, and its workers."""

import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from benchmarks.queueing.contenders import CONTENDERS
from benchmarks.queueing.processes import SenderProcess, Workers, cpu_below
from benchmarks.queueing.scale import Scale

SETTLING = 0.5


@dataclass
class Figures:
    """The measurements of one contender, one per round; latencies are those of all
    rounds."""

    latencies: list[float] = field(default_factory=list)
    medians: list[float] = field(default_factory=list)
    rates: list[float] = field(default_factory=list)
    idle: list[float] = field(default_factory=list)


@dataclass
class Servers:
    """The database servers, and all setups on them by title."""

    folder: Path
    postgres: str
    valkey: str
    setups: dict[str, "Setup"] = field(default_factory=dict)

    def open(self, setup: "Setup") -> "Setup":
        self.setups[setup.title] = setup
        return setup

    def close(self) -> None:
        for setup in self.setups.values():
            setup.close()


class Setup:
    """A contender on its own database, a copy of `like`.

    `title` distinguishes several setups of one contender.
    """

    def __init__(
        self, name: str, servers: Servers, title: str = "", like: str = "template1"
    ) -> None:
        self.name, self.title = name, title or name
        self.folder = servers.folder / self.title
        self.folder.mkdir()
        self.url = create_database(servers.postgres, self.title, like)
        self.environment = {
            "DJANGO_SETTINGS_MODULE": CONTENDERS[name].settings,
            "DATABASE_URL": self.url,
            "SKILLFLEET_VAR_DIR": str(self.folder / "var"),
            "REDIS_URL": "",
            "BENCH_CONTENDER": name,
            "BENCH_VALKEY": servers.valkey,
        }
        self.sender = SenderProcess(
            "benchmarks.queueing.sender_process",
            name,
            str(self.folder / "answers"),
            environment=self.environment,
        )
        self.sender.ask("drain")  # its database has been migrated by then
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
        """Run one round: latency when idle, CPU when idle, throughput."""
        with self.workers(number) as workers:
            results = sorted(self.sender.ask("latencies", scale.latencies))
            into.latencies += results
            into.medians.append(results[len(results) // 2])
            into.idle.append(self._idle(workers, scale.seconds))
            into.rates.append(self._rate(workers, scale))

    def rate(self, number: int, scale: Scale) -> float:
        """Tasks per second with so many workers."""
        with self.workers(number) as workers:
            return self._rate(workers, scale)

    def job_rate(self, number: int, jobs: int) -> float:
        """Whole jobs per second; only ours has jobs."""
        with self.workers(number) as workers:
            workers.signal(signal.SIGSTOP)
            self.sender.ask("whole_jobs", jobs)
            workers.signal(signal.SIGCONT)
            return float(self.sender.ask("ended"))

    def _idle(self, workers: Workers, seconds: float) -> float:
        """The share of one core that idle workers and the database use together."""
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
