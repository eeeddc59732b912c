"""What a change in this room retires."""

from django.contrib.auth.models import User

from cachelayer import invalidates
from taxonomy.models import (
    Address,
    Category,
    FacetDefinition,
    FormerPlace,
    Label,
    Profile,
    Relation,
    Skill,
    SkillVersion,
    UsageDay,
    UsageEvent,
    Verdict,
    Waiver,
)
from taxonomy.models.usage import where_usage_shows

EVERYWHERE = ["/taxonomy/*", "/skills/*"]
"""The path of a category is part of every skill's, so it may be anywhere."""


def where_it_shows(skill: Skill) -> list[str]:
    """What is read by a former name or the UUID bears the tag of the name."""
    return [f"/skills/{skill.name}/*", "/skills", "/taxonomy/*"]


def where_it_leads(address: Address) -> list[str]:
    return where_it_shows(address.skill) if address.skill else EVERYWHERE


def where_it_points(relation: Relation) -> list[str]:
    """Both ends show it."""
    other = where_it_shows(relation.target) if relation.target else []
    return [*where_it_shows(relation.skill), *other]


invalidates(Category, EVERYWHERE, collection=EVERYWHERE)
invalidates(
    Skill,
    where_it_shows,
    created=["/skills/*", "/taxonomy/*", "/analytics/*"],
    collection=EVERYWHERE,
)
invalidates(
    SkillVersion, lambda version: where_it_shows(version.skill), collection=EVERYWHERE
)
invalidates(Label, lambda label: where_it_shows(label.skill), collection=EVERYWHERE)
invalidates(Relation, where_it_points, collection=EVERYWHERE)
invalidates(FormerPlace, ["/skills"], collection=["/skills"])
invalidates(FacetDefinition, ["/facets/*"], collection=["/facets/*"])
for told in (Verdict, Waiver):
    invalidates(told, lambda row: where_it_shows(row.skill), collection=EVERYWHERE)
invalidates(Address, where_it_leads, collection=EVERYWHERE)
invalidates(  # their name is shown
    User, lambda user: [f"/authors/{user.pk}/*"], collection=["/authors/*"]
)
invalidates(Profile, lambda profile: [f"/user/{profile.pk}/*"], collection=["/user/*"])
for counted in (UsageEvent, UsageDay):
    invalidates(
        counted,
        lambda usage: where_usage_shows(usage.user_id),
        collection=["/analytics/*", "/usage/*"],
    )
