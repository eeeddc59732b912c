"""How many of some skills each filter would leave."""

from collections import Counter
from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.db.models import Count

from taxonomy.models import Label
from taxonomy.models.skill import SkillQuerySet

TRAITS = ("type", "weight", "load_priority", "style")
Counts = list[dict[str, Any]]
"""Each with `value` and `count`, most skills first."""


def facets(skills: SkillQuerySet) -> dict[str, Counts]:
    """By the filter's name; of each at most SKILLFLEET_MAX_FACET_COUNTS values."""
    among = skills.order_by().select_related(None).prefetch_related(None)
    return {
        "category": by_category(among),
        **by_trait(among),
        **by_label(among),
    }


def by_category(skills: SkillQuerySet) -> Counts:
    """With the categories above: a filter includes those below its own."""
    counts: Counter[str] = Counter()
    found = skills.values_list("category__path").annotate(count=Count("pk"))
    for path, count in found:
        names = path.split("/")
        for depth in range(len(names)):
            counts["/".join(names[: depth + 1])] += count
    return most_common(counts.items())


def by_trait(skills: SkillQuerySet) -> dict[str, Counts]:
    """In one query: there are few combinations."""
    found = list(skills.values(*TRAITS).annotate(count=Count("pk")))
    counts: dict[str, Counter[str]] = {trait: Counter() for trait in TRAITS}
    for row in found:
        for trait in TRAITS:
            counts[trait][row[trait]] += row["count"]
    return {trait: most_common(counts[trait].items()) for trait in TRAITS}


def by_label(skills: SkillQuerySet) -> dict[str, Counts]:
    on_them = Label.objects.filter(skill__in=skills.values("pk")).order_by()
    most = settings.SKILLFLEET_MAX_FACET_COUNTS
    return {
        str(kind): most_common(
            on_them.filter(kind=kind)
            .values_list("value")
            .annotate(count=Count("pk"))
            .order_by("-count", "value")[:most]
        )
        for kind in Label.Kind
    }


def most_common(counts: Iterable[tuple[str, int]]) -> Counts:
    ranked = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    return [
        {"value": value, "count": count}
        for value, count in ranked[: settings.SKILLFLEET_MAX_FACET_COUNTS]
    ]
