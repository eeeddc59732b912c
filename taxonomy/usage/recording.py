"""Taking in what clients report."""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone

from taxonomy.models import Address, UsageEvent
from taxonomy.models.skill import SkillQuerySet


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
