"""How many of some skills each filter would leave."""

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
"""Each with `value` and `count`, most skills first."""

FEW = 500
"""Of more categories than that the paths of all are read."""

FEWER = 4
"""Labels of skills that are left out are counted instead, if those are so many times
fewer."""


def facets(skills: SkillQuerySet) -> dict[str, Counts]:
    """By the filter's name; of each at most SKILLFLEET_MAX_FACET_COUNTS values."""
    among = skills.order_by().select_related(None).prefetch_related(None)
    # These sums, and those by category, are made of an index that has the columns.
    traits = list(among.values("status", *TRAITS).annotate(count=Count("*")))
    shown: Counter[str] = Counter()
    for row in traits:
        shown[row["status"]] += row["count"]
    return {
        "category": by_category(among),
        **by_trait(traits),
        **by_label(among, left_out(shown)),
    }


def by_category(skills: SkillQuerySet) -> Counts:
    """With the categories above: a filter includes those below its own."""
    found = dict(skills.values_list("category").annotate(count=Count("*")))
    categories = Category.objects.order_by()
    if len(found) <= FEW:
        categories = categories.filter(pk__in=list(found))
    counts: Counter[str] = Counter()
    for key, path in categories.values_list("pk", "path"):
        count = found.get(key, 0)
        while path and count:
            counts[path] += count
            path = parent_of(path)
    return most_common(counts.items())


def by_trait(found: Iterable[dict[str, Any]]) -> dict[str, Counts]:
    """In one query: there are few combinations."""
    counts: dict[str, Counter[str]] = {trait: Counter() for trait in TRAITS}
    for row in found:
        for trait in TRAITS:
            counts[trait][row[trait]] += row["count"]
    return {trait: most_common(counts[trait].items()) for trait in TRAITS}


def left_out(shown: Counter[str]) -> SkillQuerySet | None:
    """All skills but those that are counted, where those are all of some statuses,
    and nearly the fleet; else None. `shown` are how many there are by status."""
    every = dict(
        Skill.objects.order_by().values_list("status").annotate(count=Count("*"))
    )
    if any(every.get(status) != count for status, count in shown.items()):
        return None
    rest = sum(every.values()) - shown.total()
    if FEWER * rest > shown.total():
        return None
    others = Skill.objects.order_by().exclude(status__in=list(shown))
    return others if rest else others.none()


def by_label(skills: SkillQuerySet, besides: SkillQuerySet | None) -> dict[str, Counts]:
    """Of nearly all skills: of all, less those few. An index has the sums of all."""
    less: Counter[tuple[str, str]] = Counter()
    most = settings.SKILLFLEET_MAX_FACET_COUNTS
    labels = Label.objects.order_by()
    if besides is None:
        labels = labels.filter(skill__in=skills.values("pk"))
    else:
        of_those = labels.filter(skill__in=besides.values("pk"))
        less.update({(kind, value): count for kind, value, count in summed(of_those)})
    found: dict[str, list[tuple[str, int]]] = {kind: [] for kind in Label.Kind.values}
    # So many may lose their place to others.
    for kind, value, count in first(summed(labels), most + len(less)):
        if left := count - less[kind, value]:
            found[kind].append((value, left))
    return {kind: most_common(counts) for kind, counts in found.items()}


def summed(labels: QuerySet[Any]) -> Any:
    """Kind, value, and how many skills have them."""
    return labels.values_list("kind", "value").annotate(count=Count("*"))


def first(sums: Any, most: int) -> Iterable[tuple[str, str, int]]:
    """Of each kind."""
    place = Window(
        RowNumber(), partition_by=["kind"], order_by=[F("count").desc(), "value"]
    )
    ranked = sums.annotate(place=place).filter(place__lte=most)
    return ranked.values_list("kind", "value", "count")


def most_common(counts: Iterable[tuple[str, int]]) -> Counts:
    ranked = sorted(counts, key=lambda pair: (-pair[1], pair[0]))
    return [
        {"value": value, "count": count}
        for value, count in ranked[: settings.SKILLFLEET_MAX_FACET_COUNTS]
    ]
