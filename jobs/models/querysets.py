"""The questions that are asked of jobs, by name."""

from datetime import timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.db.models import Count, Q
from django.db.models.functions import Coalesce, Now

from cachelayer import RetiringQuerySet


class JobQuerySet(RetiringQuerySet):
    def write(self, **values: Any) -> int:
        """An UPDATE whose caller retires what shows it, or that nothing shows.

        `Job._move` retires the one job; heartbeats and message ids are on no page.
        """
        return models.QuerySet.update(self, **values)

    def visible_to(self, user: User | AnonymousUser) -> "JobQuerySet":
        """Their own jobs; every job for an operator."""
        if user.has_perm("jobs.operate_jobs"):
            return self
        return self.filter(user_id=user.pk)

    def live(self) -> "JobQuerySet":
        """Not ended. Written so that SQLite, too, uses the partial index."""
        return self.filter(completed_at__isnull=True)

    def waiting_for(self, user: User | AnonymousUser) -> "JobQuerySet":
        return self.live().filter(status="pending_hitl", user_id=user.pk)

    def held_by(self, job_id: Any, fence: str) -> "JobQuerySet":
        """The job, as long as this fence is its newest."""
        return self.live().filter(pk=job_id, status="running", fence=fence)

    def within_limit(self) -> "JobQuerySet":
        """Running jobs, and pending ones whose user has fewer running than allowed.

        A soft limit: two claims at one instant may both pass it. A job that has begun
        is not counted against, or a user who answers many questions at once would
        stop them all.
        """
        running = (
            self.model.objects.live()
            .filter(user_id=models.OuterRef("user_id"), status="running")
            .order_by()
            .values("user_id")
            .annotate(number=Count("pk"))
            .values("number")
        )
        limit = settings.SKILLFLEET_RUNNING_JOBS_PER_USER
        return self.alias(running_beside=Coalesce(models.Subquery(running), 0)).filter(
            Q(status="running") | Q(running_beside__lt=limit)
        )

    def ready(self) -> "JobQuerySet":
        """Work to do, nobody at it, and its time has come."""
        return self.live().filter(
            Q(run_after__isnull=True) | Q(run_after__lte=Now()),
            status__in=("pending", "running"),
            lease_expires_at__isnull=True,
        )

    def claimable(self) -> "JobQuerySet":
        return self.ready().within_limit()

    def expired(self) -> "JobQuerySet":
        """A worker had it and has not been heard of for a whole lease."""
        return self.live().filter(status="running", lease_expires_at__lt=Now())

    def without_message(self) -> "JobQuerySet":
        """Ready, but the queue has lost its message: gone or locked for too long."""
        from jobs import queue

        lost_after = settings.SKILLFLEET_MESSAGE_LOST_AFTER
        return (
            self.claimable()
            .filter(
                Q(enqueued_at__isnull=True) | Q(enqueued_at__lt=Now() - lost_after),
                updated_at__lt=Now() - lost_after,
            )
            .exclude(queue.has_message(lost_after))
        )

    def dead(self) -> "JobQuerySet":
        """Nobody will go on with these unless somebody puts them back."""
        expired = self.model.objects.expired().values("pk")
        lost = self.model.objects.without_message().values("pk")
        # `live` again: an OR of subqueries alone reads every job that ever ended.
        return self.live().filter(Q(pk__in=expired) | Q(pk__in=lost))

    def long(self, older_than: timedelta) -> "JobQuerySet":
        """A healthy lease, and running for longer than this."""
        return self.live().filter(
            status="running",
            lease_expires_at__gte=Now(),
            running_since__lt=Now() - older_than,
        )

    def ended_before(self, age: timedelta) -> "JobQuerySet":
        return self.filter(completed_at__lt=Now() - age)

    def statistics(self) -> list[dict[str, Any]]:
        """Per status, the largest count first; see `jobs.models.statistics`."""
        from jobs.models.statistics import statistics

        return statistics(self)


class JobManager(models.Manager.from_queryset(JobQuerySet)):  # type: ignore[misc]
    """The queries, from the model."""
