"""Which cached answers a change of each model invalidates."""

from django.contrib.auth.models import User

from cachelayer import invalidates
from taxonomy.models import (
    Address,
    Category,
    FacetDefinition,
    FormerPath,
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
from taxonomy.models.usage import usage_tags

EVERYWHERE = ["/taxonomy/*", "/skills/*"]
"""Every skill's path contains its category's, so any answer may show it."""


def tags_of_skill(skill: Skill) -> list[str]:
    """Answers by a former name or the UUID have the tag of the name as well."""
    return [f"/skills/{skill.name}/*", "/skills", "/taxonomy/*"]


def tags_of_address(address: Address) -> list[str]:
    return tags_of_skill(address.skill) if address.skill else EVERYWHERE


def tags_of_relation(relation: Relation) -> list[str]:
    """Both skills show it."""
    other = tags_of_skill(relation.target) if relation.target else []
    return [*tags_of_skill(relation.skill), *other]


invalidates(Category, EVERYWHERE, collection=EVERYWHERE)
invalidates(
    Skill,
    tags_of_skill,
    created=["/skills/*", "/taxonomy/*", "/analytics/*"],
    collection=EVERYWHERE,
)
invalidates(
    SkillVersion, lambda version: tags_of_skill(version.skill), collection=EVERYWHERE
)
invalidates(Label, lambda label: tags_of_skill(label.skill), collection=EVERYWHERE)
invalidates(Relation, tags_of_relation, collection=EVERYWHERE)
invalidates(FormerPath, ["/skills"], collection=["/skills"])
invalidates(FacetDefinition, ["/facets/*"], collection=["/facets/*"])
for model in (Verdict, Waiver):
    invalidates(model, lambda row: tags_of_skill(row.skill), collection=EVERYWHERE)
invalidates(Address, tags_of_address, collection=EVERYWHERE)
invalidates(  # answers show the author's name
    User, lambda user: [f"/authors/{user.pk}/*"], collection=["/authors/*"]
)
invalidates(Profile, lambda profile: [f"/user/{profile.pk}/*"], collection=["/user/*"])
for usage_model in (UsageEvent, UsageDay):
    invalidates(
        usage_model,
        lambda usage: usage_tags(usage.user_id),
        collection=["/analytics/*", "/usage/*"],
    )
