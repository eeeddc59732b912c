"""One more row of each model that a cached response shows, and tables without one.

The tests of invalidation report a row that is missing here.
"""

from collections.abc import Callable

from django.contrib.auth.models import Group, Permission, User
from django.contrib.contenttypes.models import ContentType
from django.db import models
from django.utils import timezone

from jobs.models import Job
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
    UsageEvent,
    Verdict,
    Waiver,
)
from tests.skillfleet.cached_routes import Fleet, waived
from tests.skillfleet.world import TASK

UNSEEN = {
    "knox_authtoken": "queried for each request, before the cache is",
    "django_content_type": "written by migrations, which invalidate everything",
    "taxonomy_blob": "addressed by digest: never changed, and kept while it is used",
    "taxonomy_bundle": "addressed by digest: never changed, and kept while it is used",
    "taxonomy_bundlefile": "a part of its bundle, which is never changed",
}
"""Tables that views read although no change of them can change a response; and why."""

STANDS_FOR: dict[str, type[models.Model]] = {
    "taxonomy_usagecount": UsageEvent,
    "taxonomy_search": Skill,
    "taxonomy_searchentry": Skill,
    "taxonomy_searchletters": Skill,
}
"""The models whose writes change these tables, which have no writes of their own."""


def spare_version(fleet: Fleet) -> SkillVersion:
    current = fleet.skill.current
    return SkillVersion(skill=fleet.skill, number="0.9.0", bundle=current.bundle)


def spare_verdict(fleet: Fleet) -> Verdict:
    """A skill's first verdict, as for skills that are older than verdicts."""
    Verdict.objects.filter(skill__name="pdf-forms").delete()
    counts = {"errors": 0, "warnings": 0, "waived": 0}
    return Verdict(
        skill=Skill.objects.get(name="pdf-forms"),
        status="passed",
        score=1.0,
        report={},
        **counts,
    )


def spare_skill(fleet: Fleet) -> Skill:
    return Skill(
        name="spare",
        description="A pdf too.",
        category=fleet.skill.category,
        current=fleet.skill.current,
    )


SPARE: dict[type[models.Model], Callable[[Fleet], models.Model]] = {
    Address: lambda fleet: Address(
        kind="skill", path="spare", skill=fleet.skill, current=False
    ),
    Category: lambda fleet: Category(
        path="development/practices/spare", parent=fleet.skill.category, name="Spare"
    ),
    FacetDefinition: lambda fleet: FacetDefinition(name="spare"),
    FormerPath: lambda fleet: FormerPath(
        skill=fleet.skill, category=Category.objects.get(path="data/ml")
    ),
    Group: lambda fleet: Group(name="spare"),
    Job: lambda fleet: Job(user=fleet.person("author"), task_description=TASK),
    Label: lambda fleet: Label(skill=fleet.skill, kind="tag", value="spare"),
    Permission: lambda fleet: Permission(
        codename="spare", name="Spare", content_type=ContentType.objects.first()
    ),
    Profile: lambda fleet: Profile(user=fleet.person("stranger")),
    Relation: lambda fleet: Relation(
        skill=fleet.skill, kind="see_also", target_name="spare"
    ),
    Skill: spare_skill,
    SkillVersion: spare_version,
    UsageEvent: lambda fleet: UsageEvent(
        user=fleet.person("author"),
        event_id="spare",
        skill=fleet.skill,
        kind="used",
        at=timezone.now(),
        day=timezone.now().date(),
    ),
    User: lambda fleet: User(username="spare"),
    Verdict: spare_verdict,
    Waiver: lambda fleet: Waiver(
        skill=fleet.skill,
        **waived(fleet.person("curator")) | {"fingerprint": "a" * 32},
    ),
    User.groups.through: lambda fleet: User.groups.through(
        user=fleet.person("author"), group=Group.objects.get(name="operator")
    ),
    User.user_permissions.through: lambda fleet: User.user_permissions.through(
        user=fleet.person("author"), permission=Permission.objects.first()
    ),
    Group.permissions.through: lambda fleet: Group.permissions.through(
        group=Group.objects.get(name="viewer"), permission=Permission.objects.first()
    ),
}
"""For each model a function that makes an unsaved row, which `READS` would show."""
