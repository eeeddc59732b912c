"""Concurrent batches and roll-ups: every event counts, and counts once."""

import pytest
from django.contrib.auth.models import User
from django.db.models import Sum

from taxonomy import usage
from taxonomy.models import Skill, UsageCount, UsageDay, UsageEvent
from taxonomy.usage import record
from tests.taxonomy.skills import skill_files
from tests.taxonomy.transactional.test_concurrent_publishing import at_once
from tests.taxonomy.usage.conftest import event

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def people(seeded):
    Skill.objects.publish(skill_files())
    return [User.objects.create_user(name) for name in ("kim", "robin")]


def reporting(user, events):
    return lambda: record(user, Skill.objects.all(), events)


def total():
    return UsageCount.objects.aggregate(total=Sum("count"))["total"]


def test_a_batch_that_comes_twice_at_once_counts_once(people):
    batch = [event("pdf-tools") for _ in range(150)]

    receipts = at_once([reporting(people[0], batch)] * 3)

    assert total() == UsageEvent.objects.count() == 150
    assert all(each.recorded + each.known == 150 for each in receipts)


def test_rolling_up_at_once_while_more_comes_counts_all_once(people, monkeypatch):
    monkeypatch.setattr(usage, "BATCH", 20)
    for user in people:
        reporting(user, [event("pdf-tools") for _ in range(50)])()
    more = [reporting(user, [event("pdf-tools")] * 9) for user in people]

    at_once([usage.maintain_usage, usage.maintain_usage, usage.maintain_usage, *more])
    assert total() == 102
    usage.maintain_usage()

    assert total() == 102
    assert not UsageEvent.objects.filter(rolled_up=False).exists()
    assert sorted(UsageDay.objects.values_list("count", flat=True)) == [51, 51]
