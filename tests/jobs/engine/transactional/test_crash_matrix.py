"""A process is killed in every phase, at every point."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from django.contrib.auth.models import User
from django.utils import timezone
from django_q.models import OrmQ

from jobs import lifecycle
from jobs.engine.maintenance import sweep
from jobs.models import Job
from jobs.pipeline.phases import PHASES
from tests.jobs.engine.conftest import TASK, deliver, drain
from tests.jobs.engine.fork_server import POINTS
from tests.jobs.engine.processes import RECORDING_AUTHOR, ForkServer

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("processes"),
]
KILLED = 9
VERBS = {
    "refine": "refine",
    "deep_understanding": "questions",
    "tdd_red": "evals",
    "tdd_green": "write",
}
"""The method of the author that each phase calls, if it calls one."""


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("author") / "log"


@pytest.fixture(scope="module")
def fork_server(django_db_setup: None, log: Path) -> Iterator[ForkServer]:
    """One interpreter for all phases, because it takes a second to start."""
    fork_server = ForkServer(AUTHOR_LOG=str(log))
    yield fork_server
    fork_server.close()


@pytest.fixture
def author_log(
    log: Path, monkeypatch: pytest.MonkeyPatch, settings: pytest.FixtureRequest
) -> Path:
    """The file to which the authors of all processes write their calls."""
    monkeypatch.setenv("AUTHOR_LOG", str(log))
    settings.SKILLFLEET_AUTHOR = RECORDING_AUTHOR  # type: ignore[attr-defined]
    return log


def let_an_hour_pass() -> None:
    """Let leases expire and messages count as lost, by an UPDATE."""
    hour_ago = timezone.now() - timedelta(hours=1)
    Job.objects.filter(lease_expires_at__isnull=False).update(lease_expires_at=hour_ago)
    Job.objects.live().update(updated_at=hour_ago, enqueued_at=hour_ago)
    for message in OrmQ.objects.filter(lock__gt=timezone.now()):
        OrmQ.objects.filter(pk=message.pk).update(
            lock=message.lock - timedelta(hours=1)
        )


@pytest.mark.parametrize("phase", PHASES)
def test_a_killed_worker_loses_nothing_and_doubles_nothing(
    phase: str, fork_server: ForkServer, author_log: Path, seeded: None
) -> None:
    owner = User.objects.create_user("olga")
    for point in POINTS:
        author_log.write_text("")
        job = lifecycle.create_skill_job(owner, TASK)
        advance_to(job, phase)
        assert fork_server.run(point=point) == KILLED, point
        let_an_hour_pass()
        sweep()
        drain()
        check(job, phase, point, Counter(author_log.read_text().split()))
        Job.objects.all().delete()


def advance_to(job: Job, phase: str) -> None:
    while Job.objects.get(pk=job.pk).current_phase != phase:
        assert deliver()


def check(job: Job, phase: str, point: str, calls: Counter[str]) -> None:
    job.refresh_from_db()
    assert job.status == Job.Status.COMPLETED, (point, job.error, job.error_stack)
    assert [r.phase for r in job.results.order_by("pk")] == list(PHASES), point
    assert not OrmQ.objects.exists(), point
    numbers = list(job.history.order_by("pk").values_list("seq", flat=True))
    assert numbers == list(range(1, job.events + 1)), point
    for called_in, verb in VERBS.items():
        repeated = called_in == phase and point in ("in_phase", "before_commit")
        assert calls[verb] == 1 + repeated, (point, verb)
