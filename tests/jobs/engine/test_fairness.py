"""Many jobs of one person beside one of another."""

from collections.abc import Callable
from typing import Any

import pytest
from django.contrib.auth.models import User

from jobs.models import Job
from tests.jobs.engine.conftest import deliver

pytestmark = pytest.mark.django_db


def test_five_hundred_jobs_of_one_person_do_not_starve_one_of_another(
    submit: Callable[..., Job], owner: User, settings: Any
) -> None:
    settings.SKILLFLEET_AUTHOR = "tests.jobs.engine.authors.ScriptedAuthor"
    for _ in range(500):
        submit()
    other = submit(user=User.objects.create_user("ben"))
    while Job.objects.get(pk=other.pk).started_at is None:
        assert deliver(), "the queue ran dry before the other's job began"
    assert Job.objects.filter(user=owner, completed_at__isnull=False).count() < 10
    while not Job.objects.get(pk=other.pk).is_final:
        assert deliver()
    ended = Job.objects.filter(user=owner, completed_at__isnull=False).count()
    assert ended <= settings.SKILLFLEET_RUNNING_JOBS_PER_USER
