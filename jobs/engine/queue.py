"""The door to django-q2: messages carry a job's id, the job's row the truth.

A job has at most one message of its own, named by `Job.message_id`; it is written
and deleted in the transaction of the change it belongs to.
"""

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.db.models import Exists, OuterRef, Subquery
from django.db.models.functions import Now
from django_q.brokers import Broker, get_broker
from django_q.models import Failure, OrmQ
from django_q.tasks import async_task

if TYPE_CHECKING:
    from jobs.models import Job

TASK = "jobs.tasks.process_skill_job"
COURIER_TASK = "jobs.tasks.deliver_webhooks"


class _Receipt:
    """Hands a package to the broker and keeps the id that `async_task` drops."""

    def __init__(self, broker: Broker) -> None:
        self.broker = broker
        self.list_key = broker.list_key
        self.message_id: int | None = None

    def enqueue(self, package: str) -> int:
        self.message_id = self.broker.enqueue(package)
        return self.message_id


def enqueue(job: "Job") -> None:
    """Put the job's next phase in the queue, in place of the message it had."""
    withdraw(job)
    receipt = _Receipt(get_broker())
    async_task(TASK, str(job.pk), broker=receipt, task_name=str(job.pk))
    type(job).objects.filter(pk=job.pk).write(
        message_id=receipt.message_id, enqueued_at=Now()
    )


def hold_back(job: "Job") -> None:
    """Have the job's message wait for the job's `run_after`, as the broker has it."""
    jobs = type(job).objects.filter(pk=job.pk)
    messages = OrmQ.objects.filter(pk__in=jobs.values("message_id"))
    messages.update(lock=Subquery(jobs.values("run_after")))


def call_courier() -> None:
    """Have a worker see to the deliveries that are due, once this commits."""
    async_task(COURIER_TASK, task_name="webhooks")


def withdraw(job: "Job") -> None:
    """Take back the job's own message, if it is still there."""
    jobs = type(job).objects.filter(pk=job.pk)
    OrmQ.objects.filter(pk__in=jobs.values("message_id")).delete()


def has_message(lost_after: timedelta = timedelta(0)) -> Exists:
    """For a query of jobs: the job's own message is there and will be delivered.

    One that was taken from the queue longer ago than `lost_after`, and whose job is
    still waiting, died with the process that took it.
    """
    until_redelivery = timedelta(seconds=settings.Q_CLUSTER["retry"])
    return Exists(
        OrmQ.objects.filter(pk=OuterRef("message_id")).exclude(
            lock__gt=Now(), lock__lt=Now() + until_redelivery - lost_after
        )
    )


def prune_failures(age: timedelta) -> int:
    """Delete django-q2's records of tasks that failed longer ago than this."""
    deleted, _ = Failure.objects.filter(stopped__lt=Now() - age).delete()
    return int(deleted)


def depth() -> int:
    """Messages waiting to be taken."""
    waiting: Any = get_broker().queue_size()
    return int(waiting)
