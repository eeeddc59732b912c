"""The tree of categories as one person wants it."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from django.contrib.auth.models import User

from taxonomy.models import Category, Profile
from taxonomy.models.address import parent_of
from taxonomy.models.profile import lies_in
from taxonomy.models.skill import SkillQuerySet
from taxonomy.profiles.outlook import Outlook
from taxonomy.profiles.ranking import ranked, shown_to


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
