"""Reported usage: recorded as events, rolled up into counts per day, and summed up."""

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
class Kept:
    """How many events were rolled up, and how many events and counts were removed."""

    rolled_up: int = 0
    events: int = 0
    counts: int = 0

    def __add__(self, other: "Kept") -> "Kept":
        return Kept(
            self.rolled_up + other.rolled_up,
            self.events + other.events,
            self.counts + other.counts,
        )


def keep_usage(most: int | None = None) -> Kept:
    """Roll up and remove what is due, at most so many batches of it."""
    kept = sum(islice(upkeep(), most), Kept())
    if kept != Kept():
        logger.info(
            "usage kept rolled_up=%s events_removed=%s counts_removed=%s",
            kept.rolled_up,
            kept.events,
            kept.counts,
        )
    return kept


def upkeep() -> Iterator[Kept]:
    """Batch by batch; an event is removed only when its count is kept."""
    while rolled := roll_up_batch():
        yield Kept(rolled_up=rolled)
    past = today() - timedelta(days=settings.SKILLFLEET_USAGE_DAYS)
    while gone := remove(UsageEvent.objects.filter(rolled_up=True, day__lt=past)):
        yield Kept(events=gone)
    long_past = today() - timedelta(days=settings.SKILLFLEET_USAGE_COUNT_DAYS)
    while gone := remove(UsageDay.objects.filter(day__lt=long_past)):
        yield Kept(counts=gone)


def today() -> date:
    """Days are those of UTC."""
    return datetime.now(UTC).date()


def midnight(day: date) -> datetime:
    """When the day begins."""
    return datetime.combine(day, time.min, UTC)


@transaction.atomic
def roll_up_batch() -> int:
    """How many events were added to the counts of their days.

    The oldest ones are locked, and in order: two who roll up take turns, and the one
    who waited finds its rows marked.
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
    add(totals)
    batch.update(rolled_up=True)
    return len(keys)


def add(totals: dict[tuple[Any, ...], int]) -> None:
    """To the counts of these days, which are made where there are none."""
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
def remove(rows: "QuerySet[Any]") -> int:
    """The oldest of them; how many."""
    keys = list(rows.order_by("pk").values_list("pk", flat=True)[:BATCH])
    if keys:
        # Nothing hangs on them, and a signal for each would be a query for each.
        rows.model._base_manager.filter(pk__in=keys)._raw_delete(rows.db)
    return len(keys)


@dataclass(frozen=True)
class Refused:
    """A report that is not kept; sending it again would change nothing."""

    index: int
    """Its place in the batch, from 0."""
    id: str
    code: str
    detail: str


@dataclass
class Receipt:
    """What became of a batch."""

    recorded: int = 0
    """Events that are on record now for the first time."""
    known: int = 0
    """Events that were on record already, or twice in the batch."""
    refused: list[Refused] = field(default_factory=list)


def record(user: User, seen: SkillQuerySet, reports: list[dict[str, Any]]) -> Receipt:
    """Keep the reports whose ids are new to this person.

    Each names one of the skills that are `seen`, by name, former name or UUID, and
    may say when; else it is now. What cannot be kept is said row by row: the others
    are kept. The number of statements does not grow with that of the reports, but
    for SQLite's limit on what one of them can insert.
    """
    now = timezone.now()
    receipt = Receipt()
    events: dict[str, UsageEvent] = {}
    with transaction.atomic():
        skills = resolved(seen, {report["skill"] for report in reports})
        for index, report in enumerate(reports):
            skill = skills.get(report["skill"])
            at = report.get("at", now)
            if refusal := refused(skill, report["skill"], at, now):
                receipt.refused.append(Refused(index, report["id"], *refusal))
            elif skill:
                events.setdefault(report["id"], event(user, skill, report, at))
        known = on_record(user, events)
        fresh = [event for key, event in events.items() if key not in known]
        if fresh:
            UsageEvent.objects.record(user.pk, fresh)
    receipt.recorded = len(fresh)
    receipt.known = len(reports) - len(receipt.refused) - receipt.recorded
    return receipt


def refused(
    skill: uuid.UUID | None, ref: str, at: datetime, now: datetime
) -> tuple[str, str] | None:
    """(code, why), or None for a report that can be kept."""
    if skill is None:
        return "unknown_skill", f"There is no skill {ref!r}."
    if at > now + settings.SKILLFLEET_USAGE_EARLY:
        return "too_early", f"{at.isoformat()} is to come; look at the client's clock."
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


def on_record(user: User, ids: Iterable[str]) -> set[str]:
    theirs = UsageEvent.objects.filter(user=user, event_id__in=list(ids))
    return set(theirs.values_list("event_id", flat=True))


def resolved(seen: SkillQuerySet, refs: set[str]) -> dict[str, uuid.UUID]:
    """The key of each skill that is seen, by what it was called in the reports."""
    named = seen.filter(addresses__kind=Address.Kind.SKILL, addresses__path__in=refs)
    found: dict[str, uuid.UUID] = dict(named.values_list("addresses__path", "pk"))
    keys = {ref: key for ref in refs - found.keys() if (key := as_uuid(ref))}
    if keys:
        there = set(seen.filter(pk__in=keys.values()).values_list("pk", flat=True))
        found.update({ref: key for ref, key in keys.items() if key in there})
    return found


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
"""What is counted of everything."""


def first_day(days: int) -> date:
    """The first of the last so many days; today is the last one."""
    return today() - timedelta(days=days - 1)


def analytics(seen: SkillQuerySet, days: int, most: int) -> dict[str, Any]:
    """Totals, and the `most` used skills and categories, of the skills `seen`."""
    since = first_day(days)
    counts = UsageCount.objects.since(since).filter(skill__in=seen).order_by()
    return {
        "days": days,
        "since": since,
        "totals": counts.aggregate(**TOTALS, skills=Count("skill", distinct=True)),
        "by_day": list(counts.values("day").annotate(**TOTALS).order_by("day")),
        "skills": most_used_skills(counts, most),
        "categories": most_used_categories(counts, most),
        "unused": unused(seen, since, most),
    }


def most_used(counts: UsageCountQuerySet, key: str, most: int) -> list[dict[str, Any]]:
    """Rows of sums, most used first; ties as the key says, on both databases."""
    rows: Any = counts.values(key)
    sums = rows.annotate(**SUMS).order_by("-uses", "-read", "-installed", key)
    return list(sums[:most])


def most_used_skills(counts: UsageCountQuerySet, most: int) -> list[dict[str, Any]]:
    found = most_used(counts, "skill", most)
    keys = [row["skill"] for row in found]
    skills = Skill.objects.select_related("category").in_bulk(keys)
    # People are counted for these alone: that costs more than all sums.
    people = dict(
        counts.filter(skill__in=keys).values_list("skill").annotate(people=PEOPLE)
    )
    for row in found:
        skill = skills[row["skill"]]
        row.update(name=skill.name, path=skill.path, people=people[row["skill"]])
        row["success_rate"] = success_rate(row)
    return found


def success_rate(row: dict[str, int]) -> float | None:
    """Of the uses whose end is known."""
    known = row["succeeded"] + row["failed"]
    return round(row["succeeded"] / known, 4) if known else None


def most_used_categories(counts: UsageCountQuerySet, most: int) -> list[dict[str, Any]]:
    """The categories right above the skills."""
    found = most_used(counts, "skill__category", most)
    paths = Category.objects.in_bulk([row["skill__category"] for row in found])
    for row in found:
        row["path"] = paths[row["skill__category"]].path
    return found


def unused(seen: SkillQuerySet, since: date, most: int) -> dict[str, Any]:
    """Active skills that nobody read, installed or used since; those published
    longest ago, and how many in all. One that came since is not counted.

    What was touched is asked for once: SQLite would read all for each skill.
    """
    touched = UsageCount.objects.since(since).order_by().values("skill")
    cold = seen.active().filter(created_at__lt=midnight(since)).exclude(pk__in=touched)
    in_all = Window(Count("pk"))
    oldest = cold.annotate(in_all=in_all).order_by("created_at", "pk")[:most]
    found = list(oldest.values_list("name", "in_all"))
    count = found[0][1] if found else 0
    return {"count": count, "oldest": [name for name, _ in found]}
