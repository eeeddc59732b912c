"""What the fleet uses, as counts: never who."""

from datetime import date, timedelta
from typing import Any

from django.db.models import Count, Q, Sum, Window
from django.db.models.functions import Coalesce

from taxonomy.models import Category, Skill, UsageCount
from taxonomy.models.skill import SkillQuerySet
from taxonomy.models.usage import USES, Kind, UsageCountQuerySet
from taxonomy.usage.upkeep import midnight, today


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
