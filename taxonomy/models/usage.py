"""Usage: what agents did with skills, as single events and as counts per day.

An event is counted once: in its own row until it is rolled up, and in the row of its
day after that. `UsageCount` reads both in one statement, so that counts are up to date.
"""

from collections.abc import Iterable
from datetime import date

from django.conf import settings
from django.db import models
from django.db.models import Q, Sum
from django.db.models.functions import Now

from cachelayer import InvalidatingManager
from cachelayer.invalidation import invalidating
from taxonomy.models.skill import Skill

MAX_EVENT_ID_CHARS = 64
MAX_CLIENT_CHARS = 100


class Kind(models.TextChoices):
    """What an agent did with a skill. For one use, it sends one of the last three."""

    READ = "read"
    """The agent opened SKILL.md."""
    INSTALLED = "installed"
    """The skill was copied into an agent's folder."""
    USED = "used"
    """The agent followed the skill; the outcome is not known."""
    SUCCEEDED = "succeeded"
    """The agent followed the skill, and completed the task."""
    FAILED = "failed"
    """The agent followed the skill, and did not complete the task."""


USES = (Kind.USED, Kind.SUCCEEDED, Kind.FAILED)


def usage_tags(user_id: int) -> list[str]:
    """Cache tags: the fleet's statistics, and answers ranked by the user's usage."""
    return ["/analytics/*", f"/usage/{user_id}/*"]


class UsageEventManager(InvalidatingManager):
    def record(self, user_id: int, events: "list[UsageEvent]") -> None:
        """Store the user's events whose ids are new.

        They are written in bulk, with a single invalidation of the answers that show
        this user's usage.
        """
        with invalidating(usage_tags(user_id), self.db):
            models.QuerySet.bulk_create(
                self.get_queryset(), events, ignore_conflicts=True
            )


class UsageEvent(models.Model):
    """One report of a client.

    `event_id` is chosen by the client: it is the idempotency key, so that a report can
    be sent again.
    """

    Kind = Kind

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="usage"
    )
    event_id = models.CharField(max_length=MAX_EVENT_ID_CHARS)
    skill = models.ForeignKey(Skill, models.CASCADE, related_name="usage")
    kind = models.CharField(max_length=10, choices=Kind)
    task = models.TextField(blank=True)
    client = models.CharField(max_length=MAX_CLIENT_CHARS, blank=True)
    at = models.DateTimeField()
    day = models.DateField()
    received_at = models.DateTimeField(db_default=Now())
    rolled_up = models.BooleanField(default=False)

    objects = UsageEventManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("-pk",)
        permissions = (("view_analytics", "Can see the usage of the whole fleet"),)
        constraints = (
            models.UniqueConstraint(
                fields=["user", "event_id"], name="usage_event_once"
            ),
        )
        indexes = (
            models.Index(fields=["day"], name="usage_event_day"),
            models.Index(
                fields=["user", "skill"],
                condition=Q(rolled_up=False),
                name="usage_tail_of_user",
            ),
            models.Index(
                fields=["id"], condition=Q(rolled_up=False), name="usage_tail"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.event_id}"


class UsageDay(models.Model):
    """How often one person did one thing with one skill on one day (UTC)."""

    day = models.DateField()
    user = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    skill = models.ForeignKey(Skill, models.CASCADE, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    count = models.PositiveIntegerField(default=0)

    objects = InvalidatingManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("day", "pk")
        constraints = (
            models.UniqueConstraint(
                fields=["day", "user", "skill", "kind"], name="usage_day_once"
            ),
        )
        indexes = (
            models.Index(fields=["user", "day"], name="usage_day_of_user"),
            # A covering index: the fleet's statistics are read from it alone.
            models.Index(
                fields=["day", "skill", "kind", "user", "count"],
                name="usage_day_figures",
            ),
        )

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.count}"


class UsageCountQuerySet(models.QuerySet["UsageCount"]):
    def since(self, day: date) -> "UsageCountQuerySet":
        return self.filter(day__gte=day)

    def uses(self) -> "UsageCountQuerySet":
        return self.filter(kind__in=USES)

    def by(self, field: str) -> Iterable[tuple[object, int]]:
        """(value, total) for each value of the field."""
        totals = self.order_by().values_list(field).annotate(total=Sum("count"))
        return list(totals)


class UsageCount(models.Model):
    """Counts of days and events that are not rolled up yet; a view of the database.

    A person, skill, day and kind may have several rows: sum them.
    """

    id = models.BigIntegerField(primary_key=True)
    day = models.DateField()
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.DO_NOTHING, related_name="+"
    )
    skill = models.ForeignKey(Skill, models.DO_NOTHING, related_name="+")
    kind = models.CharField(max_length=10, choices=Kind)
    count = models.PositiveIntegerField()

    objects = UsageCountQuerySet.as_manager()

    class Meta:
        managed = False
        db_table = "taxonomy_usagecount"

    def __str__(self) -> str:
        return f"{self.day} {self.kind} {self.count}"
