"""What a person may want next, and what they hold without using it.

Each source asks a fixed number of queries, and answers with no more than it is asked
for. What the person hides, is not active, or fails its validation, is never
recommended; and what is not active is no reason to recommend anything.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum, TextChoices

from taxonomy.models import Relation, Skill, UsageCount, Verdict
from taxonomy.models.address import within
from taxonomy.models.profile import lies_in
from taxonomy.models.skill import SkillQuerySet
from taxonomy.profiles import Outlook, shown_to, window
from taxonomy.usage import first_day, midnight

MOST_RELATIONS = 1000
"""Of the skills that a person uses."""
LEAST_DAYS_TOGETHER = 2
"""Once is chance."""
MOST_OF_MINE, MOST_DAYS_OF_WORK, MOST_USED_ON_THEM = 50, 2000, 20_000
"""Skills, and uses of late, that what is used together is looked for in."""
POPULAR_DAYS = 30
Work = tuple[Any, ...]
"""A person's key and a day."""


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
    partner: uuid.UUID | None = None
    """Of the person's skills the one that it is used together with most."""
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

    @property
    def reasons(self) -> list[uuid.UUID]:
        """Those of `mine` that are active: everyone who reads skills sees them."""
        return [one.skill for one in self.outlook.used if one.is_active]

    def required_by(self) -> list[Recommendation]:
        relations = Relation.objects.filter(
            kind=Relation.Kind.REQUIRED, skill__in=self.reasons, target__in=self.offered
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
        return self.strongest(found)

    def used_together(self) -> list[Recommendation]:
        """By days of work: a person and a day on which they used both."""
        work = days_of_work(self.reasons[:MOST_OF_MINE])
        days_with: dict[uuid.UUID, Counter[uuid.UUID]] = defaultdict(Counter)
        days_of: Counter[uuid.UUID] = Counter()
        for skill, *day in others_on(work, self.offered, self.mine):
            days_of[skill] += 1
            days_with[skill].update(work[tuple(day)])
        found = [
            Recommendation(
                skill,
                Reason.USED_TOGETHER,
                days,
                partner=max(days_with[skill].items(), key=lambda it: (it[1], it[0]))[0],
            )
            for skill, days in days_of.items()
            if days >= LEAST_DAYS_TOGETHER
        ]
        return self.strongest(found)

    def popular(self) -> list[Recommendation]:
        """Where the person is at home; in the whole fleet while nobody knows where."""
        used = {one.category for one in self.outlook.used}
        home = Q(category__path__in=used) if used else Q()
        for path in (*self.outlook.profile.mounted, *self.outlook.profile.priorities):
            home |= within(path, "category__path")
        counts = UsageCount.objects.since(first_day(POPULAR_DAYS)).uses().order_by()
        found = (
            counts.filter(skill__in=self.offered.filter(home))
            .exclude(user=self.user)
            .exclude(skill__in=self.mine)
            .values_list("skill")
            .annotate(people=Count("user", distinct=True), uses=Sum("count"))
            .order_by("-people", "-uses", "skill")[: self.most]
        )
        return [Recommendation(key, Reason.POPULAR, people) for key, people, _ in found]

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
            .exclude(pk__in=theirs.order_by().values("skill"))
            .order_by("created_at", "pk")
            .values_list("pk", flat=True)[: self.most]
        )
        days = settings.SKILLFLEET_USAGE_WINDOW_DAYS
        return [Recommendation(key, Reason.COLD, days) for key in found]

    def strongest(self, found: list[Recommendation]) -> list[Recommendation]:
        return sorted(found, key=lambda each: (-each.count, each.key))[: self.most]


def days_of_work(mine: list[uuid.UUID]) -> dict[Work, set[uuid.UUID]]:
    """The latest ones on which anybody used these skills, and which of them."""
    counts = UsageCount.objects.since(window()).uses().filter(skill__in=mine)
    rows = counts.order_by("-day", "user", "skill").values_list("user", "day", "skill")
    found: dict[Work, set[uuid.UUID]] = defaultdict(set)
    for user, day, skill in rows.distinct()[:MOST_DAYS_OF_WORK]:
        found[user, day].add(skill)
    return found


def others_on(
    work: dict[Work, set[uuid.UUID]], offered: SkillQuerySet, mine: list[uuid.UUID]
) -> Iterator[tuple[Any, ...]]:
    """(skill, person, day), once, of what else was used on those days."""
    if not work:
        return
    users, days = (set(part) for part in zip(*work, strict=True))
    counts = UsageCount.objects.uses().filter(user__in=users, day__in=days)
    others = counts.filter(skill__in=offered).exclude(skill__in=mine)
    rows = others.order_by("-day", "user", "skill").values_list("skill", "user", "day")
    for skill, user, day in rows.distinct()[:MOST_USED_ON_THEM]:
        if (user, day) in work:
            yield skill, user, day


def recommendations(user: User, seen: SkillQuerySet, most: int) -> list[Recommendation]:
    """At most so many for each reason; a skill once, for the first that it has."""
    outlook = Outlook.of(user)
    shown = shown_to(outlook.profile, seen.active())
    offered = shown.exclude(verdict__status=Verdict.Status.FAILED).order_by()
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
    """Each with its skill, and with what it follows from by name."""
    keys = {each.key for each in found} | {each.partner for each in found}
    shown = Skill.objects.select_related("category", "verdict")
    skills = shown.defer("verdict__report").in_bulk(keys - {None})
    for each in found:
        each.skill = skills[each.key]
        match each.reason:
            case Reason.USED_TOGETHER:
                each.because = [skills[each.partner].name]
            case Reason.POPULAR:
                each.because = [each.skill.category.path]
            case Reason.COLD:
                each.because = [why_held(each.skill, sources.outlook)]
    return found


def why_held(skill: Skill, outlook: Outlook) -> str:
    mounted = lies_in(skill.category.path, outlook.profile.mounted)
    return "mounted" if mounted else "always loaded"
