"""The taxonomy as nested values."""

from typing import Any, TypedDict

from django.conf import settings

from taxonomy.models import Category, Skill
from taxonomy.models.address import parent_of


class Node(TypedDict):
    """A category; `skills` counts the active ones in it and in all below it."""

    path: str
    name: str
    description: str
    position: int
    skills: int
    children: "list[Node]"


def whole_tree() -> list[Node]:
    """The roots, by position and path."""
    return nested(Category.objects.all(), above="")


def branch_at(category: Category) -> dict[str, Any]:
    """One category, the tree below it, and the first active skills right in it."""
    skills = Skill.objects.active().filter(category=category)
    most = settings.SKILLFLEET_MAX_PAGE_SIZE
    return {
        "path": category.path,
        "name": category.name,
        "description": category.description,
        "position": category.position,
        "aliases": category.aliases,
        "parent": parent_of(category.path) or None,
        "children": nested(Category.objects.under(category.path), category.path),
        "skills": skills.for_naming().order_by("name")[:most],
        "skills_count": skills.count(),
    }


def nested(categories: Any, above: str) -> list[Node]:
    """The nodes right below the path `above`, each with all below it."""
    counts = Skill.objects.active().counts_by_path()
    children: dict[str, list[Node]] = {}
    for category in sorted(categories, key=lambda each: (each.position, each.path)):
        children.setdefault(parent_of(category.path), []).append(
            Node(
                path=category.path,
                name=category.name,
                description=category.description,
                position=category.position,
                skills=counts[category.path],
                children=children.setdefault(category.path, []),
            )
        )
    return children.get(above, [])
