"""What the fleet uses, as counts: never who."""

from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q, Sum
from django.db.models.functions import Coalesce

from taxonomy.models import UsageCount
from taxonomy.models.skill import SkillQuerySet
from taxonomy.models.usage import USES, Kind, UsageCountQuerySet
from taxonomy.usage.upkeep import midnight, today


def total(*kinds: Kind) -> Coalesce:
    return Coalesce(Sum("count", filter=Q(kind__in=kinds)), 0)


TOTALS = {
    "uses": total(*USES),
    "succeeded": total(Kind.SUCCEEDED),
    "failed": total(Kind.FAILED),
    "read": total(Kind.READ),
    "installed": total(Kind.INSTALLED),
    "people": Count("user", distinct=True),
}
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
        "by_day": counts.values("day").annotate(**TOTALS).order_by("day"),
        "skills": most_used_skills(counts, most),
        "categories": most_used_categories(counts, most),
        "unused": unused(seen, since, most),
    }


def counted(counts: UsageCountQuerySet, key: str, *shown: str) -> Any:
    """Rows of totals, most used first; ties as the key says, on both databases."""
    rows: Any = counts.values(key, *shown)
    return rows.annotate(**TOTALS).order_by("-uses", "-read", "-installed", key)


def most_used_skills(counts: UsageCountQuerySet, most: int) -> list[dict[str, Any]]:
    found = counted(counts, "skill", "skill__name", "skill__category__path")
    return [
        {
            **row,
            "name": row["skill__name"],
            "path": f"{row['skill__category__path']}/{row['skill__name']}",
            "success_rate": success_rate(row),
        }
        for row in found[:most]
    ]


def success_rate(row: dict[str, int]) -> float | None:
    """Of the uses whose end is known."""
    known = row["succeeded"] + row["failed"]
    return round(row["succeeded"] / known, 4) if known else None


def most_used_categories(counts: UsageCountQuerySet, most: int) -> list[dict[str, Any]]:
    """The categories right above the skills."""
    found = counted(counts, "skill__category", "skill__category__path")
    return [{**row, "path": row["skill__category__path"]} for row in found[:most]]


def unused(seen: SkillQuerySet, since: date, most: int) -> dict[str, Any]:
    """Active skills that nobody read, installed or used since; those published
    longest ago, and how many in all. One that came since is not counted."""
    touched = UsageCount.objects.since(since).filter(skill=OuterRef("pk"))
    cold = seen.active().filter(~Exists(touched), created_at__lt=midnight(since))
    oldest = cold.order_by("created_at", "pk").values_list("name", flat=True)
    return {"count": cold.count(), "oldest": list(oldest[:most])}
