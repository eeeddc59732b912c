"""Usage reports are recorded as events, rolled up into counts per day, and summed."""

import logging
import uuid
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Count, F, Q, QuerySet, Sum, Window
from django.db.models.functions import Coalesce
from django.utils import timezone

from taxonomy.models import Address, Category, Skill, UsageCount, UsageDay, UsageEvent
from taxonomy.models.skill import SkillQuerySet
from taxonomy.models.usage import USES, Kind, UsageCountQuerySet

logger = logging.getLogger(__name__)
BATCH = 1000
KEY = ("day", "user_id", "skill_id", "kind")


@dataclass(frozen=True)
class Maintained:
    """The numbers of events rolled up, and of events and counts deleted."""

    rolled_up: int = 0
    events: int = 0
    counts: int = 0

    def __add__(self, other: "Maintained") -> "Maintained":
        return Maintained(
            self.rolled_up + other.rolled_up,
            self.events + other.events,
            self.counts + other.counts,
        )


def maintain_usage(max_batches: int | None = None) -> Maintained:
    """Roll up events and delete old rows; None: all batches."""
    total = sum(islice(maintenance(), max_batches), Maintained())
    if total != Maintained():
        logger.info(
            "usage maintained rolled_up=%s events_deleted=%s counts_deleted=%s",
            total.rolled_up,
            total.events,
            total.counts,
        )
    return total


def maintenance() -> Iterator[Maintained]:
    """Work batch by batch. Only events that were rolled up are deleted."""
    while number := roll_up_batch():
        yield Maintained(rolled_up=number)
    first_kept = today() - timedelta(days=settings.SKILLFLEET_USAGE_DAYS)
    old_events = UsageEvent.objects.filter(rolled_up=True, day__lt=first_kept)
    while number := delete_batch(old_events):
        yield Maintained(events=number)
    first_kept = today() - timedelta(days=settings.SKILLFLEET_USAGE_COUNT_DAYS)
    old_counts = UsageDay.objects.filter(day__lt=first_kept)
    while number := delete_batch(old_counts):
        yield Maintained(counts=number)


def today() -> date:
    """The current day in UTC; all days of usage are in UTC."""
    return datetime.now(UTC).date()


def midnight(day: date) -> datetime:
    """The start of the day."""
    return datetime.combine(day, time.min, UTC)


@transaction.atomic
def roll_up_batch() -> int:
    """Add the oldest events to the counts of their days; returns how many.

    The rows are locked in order. If two processes roll up at once, the second one
    waits, and then sees that the rows are rolled up.
    """
    tail = UsageEvent.objects.filter(rolled_up=False).order_by("pk")
    keys = list(tail.select_for_update().values_list("pk", flat=True)[:BATCH])
    if not keys:
        return 0
    batch = UsageEvent.objects.filter(pk__in=keys)
    totals = {
        tuple(row[name] for name in KEY): row["total"]
        for row in batch.order_by().values(*KEY).annotate(total=Count("pk"))
    }
    add_to_days(totals)
    batch.update(rolled_up=True)
    return len(keys)


def add_to_days(totals: dict[tuple[Any, ...], int]) -> None:
    """Add the totals, given by KEY, to the counts; missing counts are created first."""
    empty = [UsageDay(**dict(zip(KEY, key, strict=True))) for key in totals]
    UsageDay.objects.bulk_create(empty, ignore_conflicts=True)
    days, people, skills, _ = (set(part) for part in zip(*totals, strict=True))
    counts = UsageDay.objects.filter(
        day__in=days, user_id__in=people, skill_id__in=skills
    )
    changed = []
    for count in counts:
        total = totals.get(tuple(getattr(count, name) for name in KEY))
        if total:
            count.count = F("count") + total
            changed.append(count)
    UsageDay.objects.bulk_update(changed, ["count"])


@transaction.atomic
def delete_batch(rows: "QuerySet[Any]") -> int:
    """Delete the oldest rows; returns how many."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if keys:
        # No row refers to them, and signals would cost a query for each.
        rows.model._base_manager.filter(pk__in=keys)._raw_delete(rows.db)
    return len(keys)


@dataclass(frozen=True)
class Refused:
    """An invalid report. Sending it again would not help."""

    index: int
    """The position in the batch, from 0."""
    id: str
    code: str
    detail: str


@dataclass
class Receipt:
    """The result of a batch of reports."""

    recorded: int = 0
    """Events that are new."""
    known: int = 0
    """Events that were recorded before, or are repeated in the batch."""
    refused: list[Refused] = field(default_factory=list)


def record(
    user: User, visible: SkillQuerySet, reports: list[dict[str, Any]]
) -> Receipt:
    """Record the reports whose ids this user has not sent before.

    Each names a `visible` skill by name, former name or UUID; its time defaults to now.
    The receipt lists invalid reports, and the others are recorded. The number of SQL
    statements does not depend on the number of reports, except for SQLite's limit on
    the rows of one INSERT.
    """
    now = timezone.now()
    receipt = Receipt()
    events: dict[str, UsageEvent] = {}
    with transaction.atomic():
        skills = resolved(visible, {report["skill"] for report in reports})
        for index, report in enumerate(reports):
            skill = skills.get(report["skill"])
            at = report.get("at", now)
            if refusal := why_refused(skill, report["skill"], at, now):
                receipt.refused.append(Refused(index, report["id"], *refusal))
            elif skill:
                events.setdefault(report["id"], event(user, skill, report, at))
        recorded = recorded_ids(user, events)
        new = [event for key, event in events.items() if key not in recorded]
        if new:
            UsageEvent.objects.record(user.pk, new)
    receipt.recorded = len(new)
    receipt.known = len(reports) - len(receipt.refused) - receipt.recorded
    return receipt


def why_refused(
    skill: uuid.UUID | None, ref: str, at: datetime, now: datetime
) -> tuple[str, str] | None:
    """(code, detail); None for a valid report."""
    if skill is None:
        return "unknown_skill", f"There is no skill {ref!r}."
    if at > now + settings.SKILLFLEET_USAGE_EARLY:
        return (
            "too_early",
            f"{at.isoformat()} is in the future. Check the client's clock.",
        )
    if at < now - settings.SKILLFLEET_USAGE_LATE:
        days = settings.SKILLFLEET_USAGE_LATE.total_seconds() / 86400
        return "too_late", f"{at.isoformat()} is more than {days:g} days ago."
    return None


def event(
    user: User, skill: uuid.UUID, report: dict[str, Any], at: datetime
) -> UsageEvent:
    return UsageEvent(
        user=user,
        event_id=report["id"],
        skill_id=skill,
        kind=report["kind"],
        task=report.get("task", ""),
        client=report.get("client", ""),
        at=at,
        day=at.astimezone(UTC).date(),
    )


def recorded_ids(user: User, ids: Iterable[str]) -> set[str]:
    """Those of the event ids that are recorded for the user already."""
    events = UsageEvent.objects.filter(user=user, event_id__in=list(ids))
    return set(events.values_list("event_id", flat=True))


def resolved(visible: SkillQuerySet, refs: set[str]) -> dict[str, uuid.UUID]:
    """The primary keys of visible skills by the references in the reports.

    A reference is a name, a former name or a UUID.
    """
    named = visible.filter(addresses__kind=Address.Kind.SKILL, addresses__path__in=refs)
    by_ref: dict[str, uuid.UUID] = dict(named.values_list("addresses__path", "pk"))
    keys = {ref: key for ref in refs - by_ref.keys() if (key := as_uuid(ref))}
    if keys:
        rows = visible.filter(pk__in=keys.values())
        existing = set(rows.values_list("pk", flat=True))
        by_ref.update({ref: key for ref, key in keys.items() if key in existing})
    return by_ref


def as_uuid(ref: str) -> uuid.UUID | None:
    try:
        return uuid.UUID(ref)
    except ValueError:
        return None


def total(*kinds: Kind) -> Coalesce:
    return Coalesce(Sum("count", filter=Q(kind__in=kinds)), 0)


SUMS = {
    "uses": total(*USES),
    "succeeded": total(Kind.SUCCEEDED),
    "failed": total(Kind.FAILED),
    "read": total(Kind.READ),
    "installed": total(Kind.INSTALLED),
}
PEOPLE = Count("user", distinct=True)
TOTALS = {**SUMS, "people": PEOPLE}
"""The aggregates of every table."""


def first_day(days: int) -> date:
    """The first of the last so many days, today included."""
    return today() - timedelta(days=days - 1)


def analytics(visible: SkillQuerySet, days: int, most: int) -> dict[str, Any]:
    """Totals and the `most` used skills and categories, of visible skills."""
    since = first_day(days)
    counts = UsageCount.objects.since(since).filter(skill__in=visible).order_by()
    return {
        "days": days,
        "since": since,
        "totals": counts.aggregate(**TOTALS, skills=Count("skill", distinct=True)),
        "by_day": list(counts.values("day").annotate(**TOTALS).order_by("day")),
        "skills": most_used_skills(counts, most),
        "categories": most_used_categories(counts, most),
        "unused": unused(visible, since, most),
    }


def most_used(counts: UsageCountQuerySet, key: str, most: int) -> list[dict[str, Any]]:
    """Rows of sums, most used first; ties are ordered by key, on both databases."""
    rows: Any = counts.values(key)
    sums = rows.annotate(**SUMS).order_by("-uses", "-read", "-installed", key)
    return list(sums[:most])


def most_used_skills(counts: UsageCountQuerySet, most: int) -> list[dict[str, Any]]:
    rows = most_used(counts, "skill", most)
    keys = [row["skill"] for row in rows]
    skills = Skill.objects.select_related("category").in_bulk(keys)
    # People are counted only for these skills: it costs more than all sums.
    people = dict(
        counts.filter(skill__in=keys).values_list("skill").annotate(people=PEOPLE)
    )
    for row in rows:
        skill = skills[row["skill"]]
        row.update(name=skill.name, path=skill.path, people=people[row["skill"]])
        row["success_rate"] = success_rate(row)
    return rows


def success_rate(row: dict[str, int]) -> float | None:
    """Successes over all uses with a known outcome, 0..1; None: no outcome is known."""
    outcomes = row["succeeded"] + row["failed"]
    return round(row["succeeded"] / outcomes, 4) if outcomes else None


def most_used_categories(counts: UsageCountQuerySet, most: int) -> list[dict[str, Any]]:
    """The skills' own categories, without the ones above."""
    rows = most_used(counts, "skill__category", most)
    paths = Category.objects.in_bulk([row["skill__category"] for row in rows])
    for row in rows:
        row["path"] = paths[row["skill__category"]].path
    return rows


def unused(visible: SkillQuerySet, since: date, most: int) -> dict[str, Any]:
    """Active skills that nobody has read, installed or used since that day.

    The result has their number and the names of the oldest. Skills that were created
    later do not count. The used skills are a subquery without a reference to the outer
    row, as SQLite would run it once for each skill.
    """
    used = UsageCount.objects.since(since).order_by().values("skill")
    older = visible.active().filter(created_at__lt=midnight(since))
    cold = older.exclude(pk__in=used).annotate(total=Window(Count("pk")))
    oldest = cold.order_by("created_at", "pk")[:most]
    rows = list(oldest.values_list("name", "total"))
    count = rows[0][1] if rows else 0
    return {"count": count, "oldest": [name for name, _ in rows]}
