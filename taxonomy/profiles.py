"""The taxonomy for one person: ranked and sorted by their profile and usage."""

import math
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
from taxonomy.models.profile import HIGHEST_PRIORITY, is_within
from taxonomy.models.skill import SkillQuerySet
from taxonomy.usage import today

MOST_USED = 500
"""At most so many of a person's skills are considered."""


@dataclass(frozen=True)
class Used:
    """A skill that a person used, the number of uses, and the path of its category."""

    skill: uuid.UUID
    uses: int
    category: str
    is_active: bool


def window() -> date:
    """The first day whose usage is considered for a person."""
    return today() - timedelta(days=settings.SKILLFLEET_USAGE_WINDOW_DAYS)


def used_by(user: User) -> list[Used]:
    """The person's most used skills since `window()`, most used first."""
    counted = UsageCount.objects.since(window()).uses().filter(user=user)
    rows = (
        counted.values_list("skill", "skill__category__path", "skill__status")
        .annotate(uses=Sum("count"))
        .order_by("-uses", "skill")[:MOST_USED]
    )
    return [
        Used(skill, uses, path, status == Skill.Status.ACTIVE)
        for skill, path, status, uses in rows
    ]


@dataclass(frozen=True)
class Interests:
    """A person's profile with current paths, and the skills that they use."""

    profile: Profile
    used: list[Used]

    @classmethod
    def of(cls, user: User) -> "Interests":
        return cls(Profile.objects.of(user.pk).with_current_paths(), used_by(user))


PRIORITY_POINTS = 10
"""Points for each step of a category's priority, 1 to 10."""
DOUBLING_POINTS = 5
"""Points for one use, and again for each doubling of the number: 2, 4, 8 …"""
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
"""Points for weights and styles that suit an experience."""


def without_hidden(profile: Profile, skills: SkillQuerySet) -> SkillQuerySet:
    """The skills that are not in a hidden category.

    Pass `profile.with_current_paths()`: stored paths may be out of date.
    """
    hidden = Q()
    for path in profile.hidden:
        hidden |= within(path, "category__path")
    return skills.exclude(hidden) if hidden else skills


def ranked(skills: SkillQuerySet, profile: Profile, used: list[Used]) -> SkillQuerySet:
    """The skills that are not hidden, mounted ones first, each with its `score`."""
    score: Combinable = by_path(profile.priorities, PRIORITY_POINTS)
    score += by_uses(used) + points("load_priority", LOAD_POINTS)
    for field, fitting in FORM_POINTS[profile.experience].items():
        score += points(field, fitting)
    mounted = by_path(dict.fromkeys(profile.mounted, 1), 1)
    rows = without_hidden(profile, skills).annotate(is_mounted=mounted, score=score)
    return rows.order_by("-is_mounted", "-score", "name")


def by_path(numbers: Mapping[str, int], each: int) -> Case:
    """`each` times the number of the nearest category at or above the skill's; or 0."""
    nearest_first = sorted(numbers.items(), key=lambda item: -len(item[0]))
    return case(
        When(within(path, "category__path"), then=Value(number * each))
        for path, number in nearest_first
    )


def by_uses(used: list[Used]) -> Case:
    """Points that grow with the logarithm of the number of uses."""
    by_points: dict[int, list[uuid.UUID]] = defaultdict(list)
    for each in used:
        # The bit length grows by one with each doubling: 1, 2, 4 and 8 have 1 to 4.
        doublings = min(each.uses.bit_length(), MOST_DOUBLINGS)
        by_points[doublings * DOUBLING_POINTS].append(each.skill)
    return case(
        When(pk__in=keys, then=Value(points)) for points, keys in by_points.items()
    )


def points(field: str, numbers: Mapping[str, int]) -> Case:
    """The number for the value of the field; or 0."""
    return case(
        When(**{field: value}, then=Value(number)) for value, number in numbers.items()
    )


def case(whens: Any) -> Case:
    return Case(*whens, default=Value(0), output_field=IntegerField())


def adapted(user: User, visible: SkillQuerySet, limit: int) -> dict[str, Any]:
    """The person's tree, and the best of the visible active skills, at most `limit`."""
    interests = Interests.of(user)
    active = visible.active()
    skills = ranked(active, interests.profile, interests.used)
    uses = {each.skill: each.uses for each in interests.used}
    rows = skills.select_related("category", "verdict").defer("verdict__report")
    best = list(rows[:limit])
    for skill in best:
        skill.uses = uses.get(skill.pk, 0)
    return {
        "user": user.pk,
        "profile": interests.profile,
        "categories": adapted_tree(interests, active),
        "ranking": best,
    }


def adapted_tree(interests: Interests, skills: SkillQuerySet) -> list[dict[str, Any]]:
    """The root categories with all below them.

    Siblings are sorted by whether they contain anything mounted, by the highest
    priority and the uses in them, then as in the common tree.
    """
    profile = interests.profile
    counts = without_hidden(profile, skills).counts_by_path()
    uses: Counter[str] = Counter()
    for each in interests.used:
        for path in upwards(each.category):
            uses[path] += each.uses
    mounted = {above for path in profile.mounted for above in upwards(path)}
    priority = highest_in(profile.priorities)

    def rank(category: Category) -> tuple[Any, ...]:
        path = category.path
        first = (path not in mounted, -priority.get(path, 0), -uses[path])
        return (*first, category.position, path)

    children: dict[str, list[dict[str, Any]]] = {}
    for category in sorted(visible_categories(profile), key=rank):
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


def visible_categories(profile: Profile) -> Iterable[Category]:
    for category in Category.objects.all():
        if not is_within(category.path, profile.hidden):
            yield category


def upwards(path: str) -> Iterator[str]:
    """The path and all paths above it."""
    while path:
        yield path
        path = parent_of(path)


def highest_in(priorities: dict[str, int]) -> dict[str, int]:
    """The highest priority at or below each category, for those that have any."""
    highest: dict[str, int] = {}
    for path, number in priorities.items():
        for each in upwards(path):
            highest[each] = max(number, highest.get(each, 0))
    return highest


MOST_CATEGORIES = 10
LEAST_USES = 3
"""Fewer may be coincidence."""


@dataclass(frozen=True)
class Change:
    """A new priority of a category, and the uses that it is based on."""

    category: str
    former: int | None
    priority: int
    uses: int


def adapt(user: User, *, dry_run: bool = False) -> tuple[Profile, list[Change]]:
    """Set the priorities of the categories that the person uses most.

    The most used one gets 10, the others proportionally less. Hidden categories and
    others keep their priorities. If the profile is full, only categories that have a
    priority already get a new one.
    """
    with transaction.atomic():
        # The lock keeps concurrent changes of the profile from being overwritten.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        profile = Profile.objects.of(user.pk)
        current = profile.with_current_paths()
        changes = proposed(current, uses_by_category(user))
        if changes:
            new = {change.category: change.priority for change in changes}
            profile.set_fields(priorities={**current.priorities, **new})
            if not dry_run:
                profile.save()
    return profile.with_current_paths(), changes


def uses_by_category(user: User) -> Counter[str]:
    uses: Counter[str] = Counter()
    for each in used_by(user):
        uses[each.category] += each.uses
    return uses


def proposed(profile: Profile, uses: Counter[str]) -> list[Change]:
    """The changes that `adapt` makes, most used categories first."""
    ordered = sorted(uses.items(), key=lambda item: (-item[1], item[0]))
    candidates = [
        (path, number)
        for path, number in ordered
        if number >= LEAST_USES and not is_within(path, profile.hidden)
    ][:MOST_CATEGORIES]
    room = settings.SKILLFLEET_MAX_PROFILE_PATHS - len(profile.priorities)
    changes = []
    for path, number in candidates:
        priority = math.ceil(HIGHEST_PRIORITY * number / candidates[0][1])
        former = profile.priorities.get(path)
        if former == priority or (former is None and room <= 0):
            continue
        room -= former is None
        changes.append(Change(path, former, priority, number))
    return changes
