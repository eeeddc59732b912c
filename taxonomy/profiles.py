"""The taxonomy as one person wants it: ranked, arranged, and adapted to their usage."""

import uuid
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Case, IntegerField, Q, Sum, Value, When
from django.db.models.expressions import Combinable

from taxonomy.models import Category, Profile, Skill, UsageCount
from taxonomy.models.address import parent_of, within
from taxonomy.models.profile import HIGHEST_PRIORITY, lies_in
from taxonomy.models.skill import SkillQuerySet
from taxonomy.usage import today

MOST_USED = 500
"""Skills of a person whose uses count."""


@dataclass(frozen=True)
class Used:
    """A skill that the person used, how often, and the path of its category."""

    skill: uuid.UUID
    uses: int
    category: str
    is_active: bool


def window() -> date:
    """The first day of those whose usage counts for a person."""
    return today() - timedelta(days=settings.SKILLFLEET_USAGE_WINDOW_DAYS)


def used_by(user: User) -> list[Used]:
    """Their most used skills of late, most used first."""
    counted = UsageCount.objects.since(window()).uses().filter(user=user)
    found = (
        counted.values_list("skill", "skill__category__path", "skill__status")
        .annotate(uses=Sum("count"))
        .order_by("-uses", "skill")[:MOST_USED]
    )
    return [
        Used(skill, uses, path, status == Skill.Status.ACTIVE)
        for skill, path, status, uses in found
    ]


@dataclass(frozen=True)
class Outlook:
    """A person's profile, as of today, and what they use."""

    profile: Profile
    used: list[Used]

    @classmethod
    def of(cls, user: User) -> "Outlook":
        return cls(Profile.objects.of(user.pk).as_of_today(), used_by(user))


PRIORITY_POINTS = 10
"""For each of the 1 to 10 of a category's priority."""
DOUBLING_POINTS = 5
"""For each time that the number of uses doubles: 1, 2, 4, 8 …"""
MOST_DOUBLINGS = 6
LOAD_POINTS: Mapping[str, int] = {
    Skill.LoadPriority.ALWAYS: 20,
    Skill.LoadPriority.TASK_SPECIFIC: 10,
    Skill.LoadPriority.ON_DEMAND: 5,
}
FORM_POINTS: Mapping[str, Mapping[str, Mapping[str, int]]] = {
    Profile.Experience.BEGINNER: {
        "weight": {Skill.Weight.LIGHTWEIGHT: 10, Skill.Weight.MEDIUM: 5},
        "style": {Skill.Style.COMPREHENSIVE: 10},
    },
    Profile.Experience.INTERMEDIATE: {},
    Profile.Experience.EXPERT: {
        "weight": {Skill.Weight.MEDIUM: 5, Skill.Weight.HEAVYWEIGHT: 10},
        "style": {Skill.Style.MINIMAL: 10, Skill.Style.NAVIGATION_HUB: 10},
    },
}
"""Of the weight and the style that fit an experience."""


def shown_to(profile: Profile, skills: SkillQuerySet) -> SkillQuerySet:
    """Without what the person hides. The profile is as of today."""
    hidden = Q()
    for path in profile.hidden:
        hidden |= within(path, "category__path")
    return skills.exclude(hidden) if hidden else skills


def ranked(skills: SkillQuerySet, profile: Profile, used: list[Used]) -> SkillQuerySet:
    """What the person does not hide, mounted first, each with its `score`."""
    score: Combinable = by_path(profile.priorities, PRIORITY_POINTS)
    score += by_uses(used) + points("load_priority", LOAD_POINTS)
    for field, fitting in FORM_POINTS[profile.experience].items():
        score += points(field, fitting)
    mounted = by_path(dict.fromkeys(profile.mounted, 1), 1)
    shown = shown_to(profile, skills).annotate(is_mounted=mounted, score=score)
    return shown.order_by("-is_mounted", "-score", "name")


def by_path(numbers: Mapping[str, int], each: int) -> Case:
    """The number of the nearest category at or above the skill's, else nothing."""
    nearest_first = sorted(numbers.items(), key=lambda item: -len(item[0]))
    return case(
        When(within(path, "category__path"), then=Value(number * each))
        for path, number in nearest_first
    )


def by_uses(used: list[Used]) -> Case:
    by_points: dict[int, list[uuid.UUID]] = defaultdict(list)
    for one in used:
        doublings = min(one.uses.bit_length(), MOST_DOUBLINGS)
        by_points[doublings * DOUBLING_POINTS].append(one.skill)
    return case(
        When(pk__in=keys, then=Value(points)) for points, keys in by_points.items()
    )


def points(field: str, numbers: Mapping[str, int]) -> Case:
    return case(
        When(**{field: value}, then=Value(number)) for value, number in numbers.items()
    )


def case(whens: Any) -> Case:
    return Case(*whens, default=Value(0), output_field=IntegerField())


def adapted(user: User, seen: SkillQuerySet, most: int) -> dict[str, Any]:
    """The tree, and the `most` best of the active skills among those `seen`."""
    outlook = Outlook.of(user)
    active = seen.active()
    skills = ranked(active, outlook.profile, outlook.used)
    uses = {one.skill: one.uses for one in outlook.used}
    shown = skills.select_related("category", "verdict").defer("verdict__report")
    best = list(shown[:most])
    for skill in best:
        skill.uses = uses.get(skill.pk, 0)
    return {
        "user": user.pk,
        "profile": outlook.profile,
        "categories": adapted_tree(outlook, active),
        "ranking": best,
    }


def adapted_tree(outlook: Outlook, skills: SkillQuerySet) -> list[dict[str, Any]]:
    """The roots. Among siblings those that hold something mounted come first, then
    by priority and uses of what is in them, then as in everyone's tree."""
    profile = outlook.profile
    counts = shown_to(profile, skills).counts_by_path()
    uses: Counter[str] = Counter()
    for one in outlook.used:
        for path in upwards(one.category):
            uses[path] += one.uses
    mounted = {each for path in profile.mounted for each in upwards(path)}
    priority = highest_in(profile.priorities)

    def rank(category: Category) -> tuple[Any, ...]:
        path = category.path
        first = (path not in mounted, -priority.get(path, 0), -uses[path])
        return (*first, category.position, path)

    children: dict[str, list[dict[str, Any]]] = {}
    for category in sorted(visible(profile), key=rank):
        path = category.path
        children.setdefault(parent_of(path), []).append(
            {
                "path": path,
                "name": category.name,
                "description": category.description,
                "position": category.position,
                "skills": counts[path],
                "mounted": path in profile.mounted,
                "priority": profile.priorities.get(path),
                "uses": uses[path],
                "children": children.setdefault(path, []),
            }
        )
    return children.get("", [])


def visible(profile: Profile) -> Iterable[Category]:
    for category in Category.objects.all():
        if not lies_in(category.path, profile.hidden):
            yield category


def upwards(path: str) -> Iterator[str]:
    """The path and those above it."""
    while path:
        yield path
        path = parent_of(path)


def highest_in(priorities: dict[str, int]) -> dict[str, int]:
    """Of each category that has one, or has one below it."""
    found: dict[str, int] = {}
    for path, number in priorities.items():
        for each in upwards(path):
            found[each] = max(number, found.get(each, 0))
    return found


MOST_CATEGORIES = 10
LEAST_USES = 3
"""Fewer are chance."""


@dataclass(frozen=True)
class Change:
    """Another priority for a category, and the uses that speak for it."""

    category: str
    former: int | None
    priority: int
    uses: int


def adapt(user: User, *, dry_run: bool = False) -> tuple[Profile, list[Change]]:
    """Give the categories that the person uses most the highest priorities.

    The most used one gets 10, the others their share of that. Categories that are
    hidden, or not among the most used, stay as they are; where there is no room for
    more of them, only those that have a priority get another.
    """
    with transaction.atomic():
        # Whoever changes the profile meanwhile waits, and is not undone.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        profile = Profile.objects.of(user.pk)
        today = profile.as_of_today()
        changes = proposed(today, uses_by_category(user))
        if changes:
            new = {change.category: change.priority for change in changes}
            profile.take(priorities={**today.priorities, **new})
            if not dry_run:
                profile.save()
    return profile.as_of_today(), changes


def uses_by_category(user: User) -> Counter[str]:
    uses: Counter[str] = Counter()
    for one in used_by(user):
        uses[one.category] += one.uses
    return uses


def proposed(profile: Profile, uses: Counter[str]) -> list[Change]:
    ordered = sorted(uses.items(), key=lambda item: (-item[1], item[0]))
    shown = [
        (path, number)
        for path, number in ordered
        if number >= LEAST_USES and not lies_in(path, profile.hidden)
    ][:MOST_CATEGORIES]
    room = settings.SKILLFLEET_MAX_PROFILE_PATHS - len(profile.priorities)
    found = []
    for path, number in shown:
        priority = -(-HIGHEST_PRIORITY * number // shown[0][1])  # rounded up
        former = profile.priorities.get(path)
        if former == priority or (former is None and room <= 0):
            continue
        room -= former is None
        found.append(Change(path, former, priority, number))
    return found
