"""What a person may want next, and what they hold without using it.

Each source asks a fixed number of queries, and answers with no more than it is asked
for. What the person hides, or is not active, is never recommended.
"""

import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import (
    CharField,
    Count,
    Exists,
    OuterRef,
    Q,
    Subquery,
    Sum,
    TextChoices,
    Value,
)
from django.db.models.functions import Cast, Concat

from taxonomy.models import Relation, Skill, UsageCount
from taxonomy.models.paths import within
from taxonomy.models.profile import lies_in
from taxonomy.models.skill import SkillQuerySet
from taxonomy.models.usage import UsageCountQuerySet
from taxonomy.profiles.outlook import Outlook, window
from taxonomy.profiles.ranking import shown_to
from taxonomy.usage.upkeep import midnight

MOST_RELATIONS = 1000
"""Of the skills that a person uses."""
LEAST_DAYS_TOGETHER = 2
"""Once is chance."""


class Reason(TextChoices):
    """The more certain ones come first; a skill is recommended for one reason."""

    REQUIRED_BY = "required_by"
    """Skills that the person uses require it, and they do not use it."""
    USED_TOGETHER = "used_together"
    """Others use it on the days on which they use what the person uses."""
    POPULAR = "popular"
    """Others use it, in categories that are the person's."""
    COLD = "cold"
    """It is mounted, or always loaded, and the person does not use it."""


@dataclass
class Recommendation:
    key: uuid.UUID
    reason: Reason
    count: int = 0
    """Skills that require it, days of work, people, or days without use."""
    because: list[str] = field(default_factory=list)
    """Names of skills, or paths of categories, that it follows from."""
    skill: Any = None

    @property
    def text(self) -> str:
        """For a person to read."""
        names = ", ".join(self.because[:5])
        match self.reason:
            case Reason.REQUIRED_BY:
                return f"Required by {names}, which you use."
            case Reason.USED_TOGETHER:
                return f"Used on {self.count} days of work together with {names}."
            case Reason.POPULAR:
                return f"Used by {people(self.count)} in {names}."
        return f"Not used in {self.count} days, though {names}."


def people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


@dataclass(frozen=True)
class Sources:
    """Where recommendations come from, for one person."""

    user: User
    outlook: Outlook
    offered: SkillQuerySet
    most: int

    @property
    def mine(self) -> list[uuid.UUID]:
        return [one.skill for one in self.outlook.used]

    def uses_of_others(self) -> UsageCountQuerySet:
        """Of what is offered and the person does not use."""
        counts = UsageCount.objects.since(window()).uses().order_by()
        return counts.filter(skill__in=self.offered).exclude(skill__in=self.mine)

    def required_by(self) -> list[Recommendation]:
        relations = Relation.objects.filter(
            kind=Relation.Kind.REQUIRED, skill__in=self.mine, target__in=self.offered
        ).exclude(target__in=self.mine)
        pairs = relations.order_by("target", "skill").values_list(
            "target", "skill__name"
        )
        by_target: dict[uuid.UUID, list[str]] = defaultdict(list)
        for target, name in pairs[:MOST_RELATIONS]:
            by_target[target].append(name)
        found = [
            Recommendation(target, Reason.REQUIRED_BY, len(names), sorted(names))
            for target, names in by_target.items()
        ]
        found.sort(key=lambda each: (-each.count, each.key))
        return found[: self.most]

    def used_together(self) -> list[Recommendation]:
        """By days of work: a person and a day on which they used both."""
        if not self.mine:
            return []
        both = UsageCount.objects.uses().filter(
            skill__in=self.mine, user=OuterRef("user"), day=OuterRef("day")
        )
        work = Concat(Cast("user", CharField()), Value(" "), Cast("day", CharField()))
        found = (
            self.uses_of_others()
            .filter(Exists(both))
            .values_list("skill")
            .annotate(days=Count(work, distinct=True))
            .filter(days__gte=LEAST_DAYS_TOGETHER)
            .order_by("-days", "skill")[: self.most]
        )
        return [Recommendation(key, Reason.USED_TOGETHER, days) for key, days in found]

    def popular(self) -> list[Recommendation]:
        """Where the person is at home; in the whole fleet while nobody knows where."""
        used = {one.category for one in self.outlook.used}
        home = Q(skill__category__path__in=used) if used else Q()
        for path in (*self.outlook.profile.mounted, *self.outlook.profile.priorities):
            home |= within(path, "skill__category__path")
        found = (
            self.uses_of_others()
            .exclude(user=self.user)
            .filter(home)
            .values_list("skill", "skill__category__path")
            .annotate(people=Count("user", distinct=True), uses=Sum("count"))
            .order_by("-people", "-uses", "skill")[: self.most]
        )
        return [
            Recommendation(key, Reason.POPULAR, people, [path])
            for key, path, people, _ in found
        ]

    def cold(self) -> list[Recommendation]:
        """Nothing for people of whom no use is known: they may report none."""
        if not self.mine:
            return []
        held = Q(load_priority=Skill.LoadPriority.ALWAYS)
        for path in self.outlook.profile.mounted:
            held |= within(path, "category__path")
        theirs = UsageCount.objects.since(window()).uses().filter(user=self.user)
        found = (
            self.offered.filter(held, created_at__lt=midnight(window()))
            .exclude(Exists(theirs.filter(skill=OuterRef("pk"))))
            .order_by("created_at", "pk")
            .values_list("pk", "category__path")[: self.most]
        )
        days = settings.SKILLFLEET_USAGE_WINDOW_DAYS
        return [
            Recommendation(key, Reason.COLD, days, [self.why_held(path)])
            for key, path in found
        ]

    def why_held(self, path: str) -> str:
        mounted = lies_in(path, self.outlook.profile.mounted)
        return "mounted" if mounted else "always loaded"


def recommendations(user: User, seen: SkillQuerySet, most: int) -> list[Recommendation]:
    """At most so many for each reason; a skill once, for the first that it has."""
    outlook = Outlook.of(user)
    offered = shown_to(outlook.profile, seen.active()).order_by()
    sources = Sources(user, outlook, offered, most)
    found: dict[uuid.UUID, Recommendation] = {}
    for each in from_all(sources):
        found.setdefault(each.key, each)
    return with_skills(list(found.values()), sources)


def from_all(sources: Sources) -> Iterator[Recommendation]:
    ways: tuple[Callable[[], list[Recommendation]], ...] = (
        sources.required_by,
        sources.used_together,
        sources.popular,
        sources.cold,
    )
    for way in ways:
        yield from way()


def with_skills(found: list[Recommendation], sources: Sources) -> list[Recommendation]:
    """Each with its skill, and those that are used together with what they are."""
    keys = [each.key for each in found]
    skills = Skill.objects.filter(pk__in=keys).select_related("category")
    partners = skills.annotate(partner=Subquery(partner(sources.mine)))
    by_key = {skill.pk: skill for skill in partners}
    for each in found:
        each.skill = by_key[each.key]
        if each.reason == Reason.USED_TOGETHER:
            each.because = [each.skill.partner]
    return found


def partner(mine: list[uuid.UUID]) -> Any:
    """Of one's own skills, the one that is used most on the days of the outer one."""
    days = UsageCount.objects.uses().filter(
        skill=OuterRef(OuterRef("pk")), user=OuterRef("user"), day=OuterRef("day")
    )
    counts = UsageCount.objects.since(window()).uses().order_by()
    return (
        counts.filter(Exists(days), skill__in=mine)
        .values("skill__name")
        .annotate(uses=Sum("count"))
        .order_by("-uses", "skill__name")
        .values("skill__name")[:1]
    )
