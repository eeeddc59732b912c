"""Removing jobs that ended long ago, with all that hangs on them.

A job's sources, results, questions, history and draft go with it. The content that a
draft pointed at goes a day later at the earliest, unless a version or another draft
has it: `taxonomy.unused_content`.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

from jobs import queue
from jobs.caching import retire_job
from jobs.models import Delivery, Job
from taxonomy.unused_content import Freed, prune_content
from taxonomy.usage import keep_usage

logger = logging.getLogger(__name__)
BATCH = 200
"""Jobs per transaction: short enough not to keep workers from a SQLite file."""
AT_A_TIME = 25
"""Batches that a cluster's parent removes before it looks after its workers again."""


@dataclass(frozen=True)
class Pruned:
    """How many jobs went, and how many rows in all."""

    jobs: int
    rows: int


def prunable(age: timedelta) -> int:
    """How many jobs ended longer ago than this."""
    return Job.objects.ended_before(age).count()


def prune(age: timedelta) -> Iterator[Pruned]:
    """Remove jobs that ended longer ago than this, a batch at a time.

    What django-q2 recorded of tasks that failed before then goes, too, and the log of
    deliveries that were done with; a job's own go with the job.
    """
    queue.prune_failures(age)
    _prune_deliveries(age)
    while (batch := _prune_batch(age)).jobs:
        yield batch


def prune_old() -> int:
    """Remove what ended more than SKILLFLEET_JOBS_KEPT_DAYS ago; how many jobs. Unused
    content and old usage go, too, and usage is rolled up.

    Some of it: who calls has other chores to do meanwhile, and calls again.
    """
    age = timedelta(days=settings.SKILLFLEET_JOBS_KEPT_DAYS)
    jobs = sum(batch.jobs for batch in islice(prune(age), AT_A_TIME))
    if jobs:
        logger.info("old jobs removed jobs=%s", jobs)
    free_content(AT_A_TIME)
    keep_usage(AT_A_TIME)
    return jobs


def free_content(most: int | None = None) -> Freed:
    """Remove what no draft and no version has, in batches; how much in all."""
    batches = list(islice(prune_content(), most))
    bundles = sum(batch.bundles for batch in batches)
    blobs = sum(batch.blobs for batch in batches)
    if batches:
        logger.info("unused content removed bundles=%s blobs=%s", bundles, blobs)
    return Freed(bundles, blobs)


@transaction.atomic
def _prune_batch(age: timedelta) -> Pruned:
    """The rows are locked first: a job that is retried just now is left alone."""
    ended = Job.objects.ended_before(age).order_by("completed_at", "pk")
    jobs = list(ended.select_for_update()[:BATCH])
    rows, _ = Job.objects.filter(pk__in=[job.pk for job in jobs]).delete()
    for job in jobs:
        retire_job(job)
    return Pruned(len(jobs), rows)


def _prune_deliveries(age: timedelta) -> None:
    done = Delivery.objects.filter(finished_at__lt=Now() - age).order_by("pk")
    while keys := list(done.values_list("pk", flat=True)[:BATCH]):
        Delivery.objects.filter(pk__in=keys).delete()
