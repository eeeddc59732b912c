"""Which skills come first for a person, by points that both databases add up alike."""

import uuid
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from django.db.models import Case, IntegerField, Q, Value, When
from django.db.models.expressions import Combinable

from taxonomy.models import Profile, Skill
from taxonomy.models.address import within
from taxonomy.models.skill import SkillQuerySet
from taxonomy.profiles.outlook import Used

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
