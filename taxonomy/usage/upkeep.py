"""Rolling events up into counts per day, and removing what is old.

One transaction per batch, short enough not to keep others from a SQLite file. Who
stops in between has lost and doubled nothing: an event is marked with its count.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Count, F, QuerySet

from taxonomy.models import UsageDay, UsageEvent

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
