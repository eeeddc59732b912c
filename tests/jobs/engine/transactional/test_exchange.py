"""A worker hands the message it is done with over for the next one."""

import pytest
from django_q.models import Failure, OrmQ, Success
from django_q.tasks import async_task

from jobs.engine.cluster import TaskSource, work_from

pytestmark = pytest.mark.django_db(transaction=True)
NO_OP = "operator.add"


class Watched(TaskSource):
    """Ends after so many tasks; writes down what was in the queue at each."""

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
