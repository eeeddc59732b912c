"""Commands as an operator runs them, and jobs in the states that they deal with."""

from collections.abc import Callable
from datetime import timedelta
from io import StringIO
from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import CommandError
from django.utils import timezone

from jobs.models import Job, Worker

SCRIPTED_AUTHOR = "tests.jobs.engine.authors.ScriptedAuthor"


class Ran:
    """The output of a command and its exit code."""

    def __init__(self, name: str, *arguments: str) -> None:
        stdout, stderr = StringIO(), StringIO()
        self.code = 0
        self.refusal = ""
        try:
            call_command(name, *arguments, stdout=stdout, stderr=stderr)
        except CommandError as error:
            self.code, self.refusal = error.returncode, str(error)
        except SystemExit as ended:
            self.code = int(ended.code or 0)
        self.stdout, self.stderr = stdout.getvalue(), stderr.getvalue()

    def __contains__(self, text: str) -> bool:
        return text in self.stdout

    def __repr__(self) -> str:
        return f"{self.code}\n{self.stdout}\n{self.stderr}\n{self.refusal}"


@pytest.fixture
def run() -> Callable[..., Ran]:
    """`run("stuck_jobs", "--json")` runs a command and returns a `Ran`."""
    return Ran


@pytest.fixture
def alive(seeded: None) -> Worker:
    """A worker that has just sent a heartbeat."""
    return Worker.objects.register()


@pytest.fixture
def leased_job(submit: Callable[..., Job], seeded: None) -> Callable[..., Job]:
    """`leased_job(lease=…, running=…)`: a job that a worker has claimed.

    `lease` is the time until the lease ends, `running` the time since the job began.
    """

    def make(lease: timedelta, running: timedelta = timedelta(minutes=5)) -> Job:
        job = submit()
        assert job.claim(Worker.objects.register())
        now = timezone.now()
        Job.objects.filter(pk=job.pk).update(
            lease_expires_at=now + lease,
            running_since=now - running,
            created_at=now - running,
        )
        return Job.objects.get(pk=job.pk)

    return make


@pytest.fixture
def dead(leased_job: Any) -> Job:
    """A young job whose worker is gone."""
    job: Job = leased_job(lease=timedelta(seconds=-1))
    return job


@pytest.fixture
def long(leased_job: Any) -> Job:
    """An old job whose worker is alive."""
    job: Job = leased_job(lease=timedelta(minutes=1), running=timedelta(hours=3))
    return job


@pytest.fixture
def superuser(seeded: None) -> User:
    return User.objects.create_superuser("root", "root@example.com", "a-long-password")
