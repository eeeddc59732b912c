"""A worker acknowledges one message and takes the next in one statement."""

import base64
import pickle

import pytest
from django_q.models import Failure, OrmQ, Success
from django_q.signing import SignedPackage
from django_q.tasks import async_task

from jobs.engine.cluster import TaskSource, work_from

FORMER_JOB_MESSAGE = (
    "gASVBgEAAAAAAAB9lCiMAmlklIwgMmRkNDQ4ZTcxNzQ3NGE0Y2JkMWMwMDZmZTBjMzJkODiUjARuYW1l"
    "lIwkMDAwMDAwMDAtMDAwMC00MDAwLTgwMDAtMDAwMDAwMDAwMDAwlIwEZnVuY5SMHGpvYnMudGFza3Mu"
    "cHJvY2Vzc19za2lsbF9qb2KUjARhcmdzlGgEhZSMC2Fja19mYWlsdXJllIiMBmt3YXJnc5R9lIwHc3Rh"
    "cnRlZJSMCGRhdGV0aW1llIwIZGF0ZXRpbWWUk5RDCgfqCx0NLhUL7d+UaA2MCHRpbWV6b25llJOUaA2M"
    "CXRpbWVkZWx0YZSTlEsASwBLAIeUUpSFlFKUhpRSlHUu"
)
FORMER_WEBHOOK_MESSAGE = (
    "gASV5gAAAAAAAAB9lCiMAmlklIwgNzQ0ZmQzNWZlODJkNDVmMTkzOGM2OWE0OTY3NmIzMjiUjARuYW1l"
    "lIwId2ViaG9va3OUjARmdW5jlIwbam9icy50YXNrcy5kZWxpdmVyX3dlYmhvb2tzlIwEYXJnc5QpjAth"
    "Y2tfZmFpbHVyZZSIjAZrd2FyZ3OUfZSMB3N0YXJ0ZWSUjAhkYXRldGltZZSMCGRhdGV0aW1llJOUQwoH"
    "6gsdDS4VC/KFlGgMjAh0aW1lem9uZZSTlGgMjAl0aW1lZGVsdGGUk5RLAEsASwCHlFKUhZRSlIaUUpR1"
    "Lg=="
)
"""Pickled messages from a version before the package `jobs.engine` existed."""
FORMER_JOB_ID = b"00000000-0000-4000-8000-000000000000"

pytestmark = pytest.mark.django_db(transaction=True)
NO_OP = "operator.add"


class Watched(TaskSource):
    """Ends after so many tasks; records the messages in the queue at each task."""

    def __init__(self, most: int) -> None:
        super().__init__()
        self.most = most
        self.seen: list[int] = []

    def get(self):
        if len(self.seen) == self.most:
            self.stop()
            return super().get()
        task = super().get()
        self.seen.append(OrmQ.objects.count())
        return task


def test_a_message_is_acknowledged_when_its_task_has_ended_and_not_before():
    for _ in range(3):
        async_task(NO_OP, 1, 2)

    source = Watched(most=3)
    work_from(source)

    assert source.seen == [3, 2, 1]
    assert not OrmQ.objects.exists(), "the last one is acknowledged at the end"
    assert not Success.objects.exists()


def test_a_task_that_fails_is_recorded_and_its_message_acknowledged():
    async_task(NO_OP, 1, "two")
    async_task(NO_OP, 1, 2)

    work_from(Watched(most=2))

    assert "TypeError" in Failure.objects.get().result
    assert not OrmQ.objects.exists()


def test_a_message_that_is_not_ours_is_dropped():
    async_task(NO_OP, 1, 2)
    OrmQ.objects.update(payload="forged")
    async_task(NO_OP, 1, 2)

    work_from(Watched(most=1))

    assert not OrmQ.objects.exists()


def test_a_message_in_hand_is_not_given_to_another():
    for _ in range(2):
        async_task(NO_OP, 1, 2)
    one, other = TaskSource(), TaskSource()

    taken = [source.get()["ack_id"] for source in (one, other)]

    assert taken == sorted(OrmQ.objects.values_list("pk", flat=True))


def test_messages_of_the_former_layout_are_worked_off(submit):
    """The queue of an older version is processed after an upgrade."""
    job = submit()
    OrmQ.objects.update(payload=former(FORMER_JOB_MESSAGE, str(job.pk)))
    async_task(NO_OP, 1, 2)
    OrmQ.objects.filter(pk__gt=job.message_id).update(
        payload=former(FORMER_WEBHOOK_MESSAGE)
    )

    work_from(Watched(most=2))

    assert not Failure.objects.exists()
    job.refresh_from_db()
    assert job.history.filter(kind="phase_finished").count() == 1
    assert OrmQ.objects.get().pk == job.message_id, "the message of the next phase"


def former(message: str, job_id: str = "") -> str:
    pickled = base64.b64decode(message).replace(FORMER_JOB_ID, job_id.encode())
    return SignedPackage.dumps(pickle.loads(pickled))  # noqa: S301 recorded above
