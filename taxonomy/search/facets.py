"""Facet counts: how many skills each filter would leave."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Count, F, QuerySet, Window
from django.db.models.functions import RowNumber

from taxonomy.models import Category, Label, Skill
from taxonomy.models.address import parent_of
from taxonomy.models.skill import SkillQuerySet

TRAITS = ("type", "weight", "load_priority", "style")
Counts = list[dict[str, Any]]
"""Dicts with `value` and `count`, highest counts first."""

FEW = 500
"""If more categories are counted, the paths of all are loaded."""

FEWER = 4
"""If the excluded skills are so many times fewer, their labels are counted instead."""


def facets(skills: SkillQuerySet) -> dict[str, Counts]:
    """Counts by the filter's name; at most SKILLFLEET_MAX_FACET_COUNTS values each."""
    unordered = skills.order_by().select_related(None).prefetch_related(None)
    # These counts and those by category are read from an index with all columns.
    traits = list(unordered.values("status", *TRAITS).annotate(count=Count("*")))
    by_status: Counter[str] = Counter()
    for row in traits:
        by_status[row["status"]] += row["count"]
    return {
        "category": by_category(unordered),
        **by_trait(traits),
        **by_label(unordered, excluded(by_status)),
    }


def by_category(skills: SkillQuerySet) -> Counts:
    """Categories above are counted, too: a filter includes subcategories."""
    by_key = dict(skills.values_list("category").annotate(count=Count("*")))
    categories = Category.objects.order_by()
    if len(by_key) <= FEW:
        categories = categories.filter(pk__in=list(by_key))
    counts: Counter[str] = Counter()
    for key, path in categories.values_list("pk", "path"):
        count = by_key.get(key, 0)
        while path and count:
            counts[path] += count
            path = parent_of(path)
    return most_common(counts.items())


def by_trait(rows: Iterable[dict[str, Any]]) -> dict[str, Counts]:
    """The counts by trait, summed from the rows of one query."""
    counts: dict[str, Counter[str]] = {trait: Counter() for trait in TRAITS}
    for row in rows:
        for trait in TRAITS:
            counts[trait][row[trait]] += row["count"]
    return {trait: most_common(counts[trait].items()) for trait in TRAITS}


def excluded(by_status: Counter[str]) -> SkillQuerySet | None:
    """The skills that are not counted, if they are few; else None.

    This needs all skills of the counted statuses to be counted; `by_status` has their
    numbers.
    """
    every = dict(
        Skill.objects.order_by().values_list("status").annotate(count=Count("*"))
    )
    if any(every.get(status) != count for status, count in by_status.items()):
        return None
    rest = sum(every.values()) - by_status.total()
    if FEWER * rest > by_status.total():
        return None
    others = Skill.objects.order_by().exclude(status__in=list(by_status))
    return others if rest else others.none()


def by_label(skills: SkillQuerySet, without: SkillQuerySet | None) -> dict[str, Counts]:
    """`without`: count all skills, which is fast by an index, and subtract these."""
    less: Counter[tuple[str, str]] = Counter()
    most = settings.SKILLFLEET_MAX_FACET_COUNTS
    labels = Label.objects.order_by()
    if without is None:
        labels = labels.filter(skill__in=skills.values("pk"))
    else:
        excluded_labels = labels.filter(skill__in=without.values("pk"))
        less.update(
            {(kind, value): count for kind, value, count in summed(excluded_labels)}
        )
    by_kind: dict[str, list[tuple[str, int]]] = {kind: [] for kind in Label.Kind.values}
    # So many values may fall below others by the subtraction.
    for kind, value, count in highest(summed(labels), most + len(less)):
        if remaining := count - less[kind, value]:
            by_kind[kind].append((value, remaining))
    return {kind: most_common(counts) for kind, counts in by_kind.items()}


def summed(labels: QuerySet[Any]) -> Any:
    """(kind, value, number of skills)"""
    return labels.values_list("kind", "value").annotate(count=Count("*"))


def highest(sums: Any, most: int) -> Iterable[tuple[str, str, int]]:
    """The rows with the highest counts of each kind."""
    rank = Window(
        RowNumber(), partition_by=["kind"], order_by=[F("count").desc(), "value"]
    )
    ranked = sums.annotate(rank=rank).filter(rank__lte=most)
    return ranked.values_list("kind", "value", "count")


def most_common(counts: Iterable[tuple[str, int]]) -> Counts:
    ranked = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    return [
        {"value": value, "count": count}
        for value, count in ranked[: settings.SKILLFLEET_MAX_FACET_COUNTS]
    ]
