"""Jobs on the engine alone, without HTTP and with a scripted author."""

import threading
from collections.abc import Callable

import pytest
from django.contrib.auth.models import User
from django.db.models.functions import Now
from django_q.models import OrmQ
from django_q.signing import SignedPackage

from jobs import lifecycle
from jobs.models import Job
from jobs.tasks import process_skill_job
from jobs.worker import SkillJobWorker
from tests.jobs.engine.authors import ScriptedAuthor

TASK = "Restart the billing service without losing invoices"


@pytest.fixture(autouse=True)
def new_worker(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forget the worker of the last test, because its row is gone."""
    monkeypatch.setattr("jobs.worker._workers", threading.local())


@pytest.fixture
def owner(seeded: None) -> User:
    return User.objects.create_user("olga")


@pytest.fixture
def submit(owner: User) -> Callable[..., Job]:
    def submit(user: User | None = None, **kwargs: object) -> Job:
        return lifecycle.create_skill_job(user or owner, TASK, **kwargs)  # type: ignore[arg-type]

    return submit


@pytest.fixture
def job(submit: Callable[..., Job]) -> Job:
    return submit()


@pytest.fixture
def author() -> ScriptedAuthor:
    return ScriptedAuthor()


@pytest.fixture
def worker(author: ScriptedAuthor) -> SkillJobWorker:
    return SkillJobWorker(author)


@pytest.fixture
def advance(worker: SkillJobWorker) -> Callable[[Job], Job]:
    """Run the phases of a job until it cannot be claimed."""

    def advance(job: Job) -> Job:
        while worker.process_job(Job.objects.get(pk=job.pk)):
            pass
        return Job.objects.get(pk=job.pk)

    return advance


def deliver() -> bool:
    """Process the oldest message that is due; False if there is none."""
    message = OrmQ.objects.filter(lock__lte=Now()).order_by("pk").first()
    if message is None:
        return False
    process_skill_job(*SignedPackage.loads(message.payload)["args"])
    OrmQ.objects.filter(pk=message.pk).delete()
    return True


def drain() -> None:
    while deliver():
        pass
