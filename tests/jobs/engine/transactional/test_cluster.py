"""A real qcluster whose processes are killed while they work."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cachelayer import cache_branch_data
from jobs.engine.maintenance import Chores
from jobs.models import Job, Worker
from jobs.pipeline.phases import PHASES
from taxonomy.models import Category
from tests.interpreters import Interpreter
from tests.processes import child_environment

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("clusters"),
]
CEILING = 20
GATED_AUTHOR = "tests.jobs.engine.authors.GatedAuthor"
CHANGING_AUTHOR = "tests.jobs.engine.authors.ChangingAuthor"


def wait_until(condition: Callable[[], bool], description: str) -> None:
    deadline = time.monotonic() + CEILING
    while not condition():
        assert time.monotonic() < deadline, description
        time.sleep(0.02)


class RunningCluster:
    def __init__(self, log: Path, workers: int, **environment: str) -> None:
        self.log = log.open("a")
        self.process = Interpreter(
            ["manage.py", "qcluster", "--workers", str(workers)],
            child_environment(**{"SKILLFLEET_AUTHOR": GATED_AUTHOR, **environment}),
            self.log,
        )

    def children(self) -> list[int]:
        pid = self.process.pid
        return [
            int(child)
            for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        ]

    def stop(self) -> int:
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(CEILING)

    def close(self) -> None:
        if self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(CEILING)
        self.log.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., RunningCluster]]:
    started: list[RunningCluster] = []

    log = tmp_path / "cluster.log"

    def start(workers: int = 1, **environment: str) -> RunningCluster:
        Worker.objects.all().delete()  # rows of a cluster that was killed
        started.append(RunningCluster(log, workers, **environment))
        wait_until(lambda: Worker.objects.count() >= workers, "no worker came up")
        return started[-1]

    yield start
    for cluster in started:
        cluster.close()
    print(log.read_text())  # pytest shows the log if the test fails


def has_ended(job: Job) -> bool:
    return Job.objects.get(pk=job.pk).completed_at is not None


def is_gone(pid: int) -> bool:
    """Whether the process has ended, even if nobody has reaped it yet."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return True
    return state == "Z"


def test_the_cluster_works_and_stops_when_told(
    submit: Callable[..., Job], start: Callable[..., RunningCluster]
) -> None:
    job = submit()
    cluster = start(workers=2)
    wait_until(lambda: has_ended(job), "the job did not end")
    job.refresh_from_db()
    assert job.status == Job.Status.COMPLETED, job.error
    children = cluster.children()
    assert cluster.stop() == 0
    assert all(map(is_gone, children))
    assert not Worker.objects.exists()


def test_killing_every_idle_worker_twenty_times_stops_nothing(
    submit: Callable[..., Job], start: Callable[..., RunningCluster]
) -> None:
    cluster = start()
    for turn in range(20):
        wait_until(lambda: bool(cluster.children()), "no child")
        for child in cluster.children():
            os.kill(child, signal.SIGKILL)
        job = submit()
        wait_until(
            lambda job=job: Job.objects.get(pk=job.pk).started_at is not None,  # type: ignore[misc]
            f"no worker took the job of turn {turn}",
        )
        wait_until(lambda job=job: has_ended(job), "it did not end")  # type: ignore[misc]


def test_nothing_outlives_a_killed_parent_and_a_new_one_finishes_the_work(
    submit: Callable[..., Job], start: Callable[..., RunningCluster]
) -> None:
    cluster = start(workers=2)
    jobs = [submit() for _ in range(3)]
    children = cluster.children()
    os.kill(cluster.process.pid, signal.SIGKILL)
    cluster.process.wait(CEILING)
    wait_until(lambda: all(map(is_gone, children)), "children outlive their parent")
    Job.objects.filter(lease_expires_at__isnull=False).update(
        lease_expires_at="2020-01-01T00:00:00Z"
    )
    start()
    for job in jobs:
        wait_until(lambda job=job: has_ended(job), "the new cluster let a job lie")  # type: ignore[misc]
        assert job.results.count() == len(PHASES)


def test_a_worker_killed_at_work_is_replaced_before_its_lease_runs_out(
    submit: Callable[..., Job], start: Callable[..., RunningCluster], tmp_path: Path
) -> None:
    """The parent sees the exit, so the job need not wait for its lease of a minute."""
    gate = tmp_path / "gate"
    job = submit()
    cluster = start(AUTHOR_GATE=str(gate))
    wait_until(lambda: gate.exists(), "the author was not asked")
    (child,) = cluster.children()
    os.kill(child, signal.SIGKILL)
    wait_until(lambda: has_ended(job), "nobody took the job over")
    assert job.history.filter(kind="crashed").count() == 1
    assert Job.objects.get(pk=job.pk).status == Job.Status.COMPLETED


def test_a_cluster_that_is_told_to_stop_finishes_the_phase_in_hand(
    submit: Callable[..., Job], start: Callable[..., RunningCluster], tmp_path: Path
) -> None:
    gate = tmp_path / "gate"
    job = submit()
    cluster = start(AUTHOR_GATE=str(gate))
    wait_until(lambda: gate.exists(), "the author was not asked")
    cluster.process.send_signal(signal.SIGTERM)
    gate.unlink()  # the author goes on
    assert cluster.process.wait(CEILING) == 0
    job.refresh_from_db()
    assert job.results.filter(phase="tdd_red").exists()
    assert job.lease_expires_at is None
    assert not job.history.filter(kind="crashed").exists()


def test_a_phase_over_its_limit_is_ended_and_tried_again(
    submit: Callable[..., Job], start: Callable[..., RunningCluster], tmp_path: Path
) -> None:
    job = submit()
    start(AUTHOR_GATE=str(tmp_path / "gate"), SKILLFLEET_PHASE_LIMIT="1")
    wait_until(lambda: has_ended(job), "the phase that hangs was not ended")
    assert Job.objects.get(pk=job.pk).status == Job.Status.COMPLETED
    crash = job.history.get(kind="crashed")
    assert crash.data["reason"] == "Phase tdd_red ran longer than 1 seconds."


@cache_branch_data(pattern="/taxonomy/data/*")
def description() -> str:
    return str(Category.objects.get(path="data").description)


def test_what_a_worker_changed_before_it_was_killed_is_read_afresh_once_it_is_reaped(
    submit: Callable[..., Job], start: Callable[..., RunningCluster], tmp_path: Path
) -> None:
    """The worker dies between COMMIT and invalidation; this process has the old
    value."""
    former = description()
    job = submit()
    start(SKILLFLEET_AUTHOR=CHANGING_AUTHOR, AUTHOR_GATE=str(tmp_path / "gate"))
    wait_until(lambda: description() != former, "the old value is still there")
    assert description() == "Changed by the dead."
    wait_until(lambda: has_ended(job), "nobody took the job over")
    assert job.history.filter(kind="crashed").count() == 1


def test_a_chore_that_fails_does_not_end_the_cluster(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail() -> float:
        raise LookupError("an unexpected row")

    chores = Chores(fail)
    chores.run(is_stopping=lambda: False)

    assert "an unexpected row" in caplog.text
    assert chores.due[fail] == 0.0, "it stays due"
