"""A job whose author's provider is busy is continued later, without anybody's help."""

from datetime import timedelta

import pytest

from jobs.engine import inline
from jobs.models import Job
from tests.jobs.commands.transactional.test_inline import is_completed, wait_until
from tests.jobs.engine.authors import BusyAuthor

pytestmark = pytest.mark.django_db(transaction=True)


class OnceBusyAuthor(BusyAuthor):
    def __init__(self) -> None:
        super().__init__(1, TimeoutError("no answer"))


def test_a_retried_phase_starts_when_it_is_due(inline_jobs, submit, settings):
    settings.SKILLFLEET_AUTHOR = f"{__name__}.OnceBusyAuthor"
    settings.SKILLFLEET_AUTHOR_BACKOFF = timedelta(seconds=0.5)
    settings.SKILLFLEET_SWEEP_INTERVAL = timedelta(hours=1)
    job: Job = submit()

    inline.start()
    wait_until(lambda: is_completed(job))

    failed = job.history.get(kind="attempt_failed")
    again = job.history.filter(kind="claimed", seq__gt=failed.seq).earliest("seq")
    waited = (again.at - failed.at).total_seconds()
    assert waited >= failed.data["wait_seconds"] - 0.01
    assert not job.history.filter(kind__in=("crashed", "requeued")).exists()
