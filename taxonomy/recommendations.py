"""Recommends skills to a person, and names skills that are loaded but not used.

Each source makes a fixed number of queries and returns at most as many recommendations
as requested. Skills that the person hides, that are not active or that fail validation
are never recommended, and inactive skills are no reason for a recommendation.
"""

import uuid
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Count, Q, Sum, TextChoices

from taxonomy.models import Relation, Skill, UsageCount, Verdict
from taxonomy.models.address import within
from taxonomy.models.profile import is_within
from taxonomy.models.skill import SkillQuerySet
from taxonomy.profiles import Interests, window, without_hidden
from taxonomy.usage import first_day, midnight

MOST_RELATIONS = 1000
"""At most this many relations of the skills that a person uses are read."""
LEAST_DAYS_TOGETHER = 2
"""A single day may be coincidence."""
MOST_OWN_SKILLS, MOST_DAYS_OF_WORK, MOST_OTHER_USES = 50, 2000, 20_000
"""Limits of the search for skills that are used together."""
POPULAR_DAYS = 30
DayOfWork = tuple[Any, ...]
"""A user's key and a day."""


class Reason(TextChoices):
    """The reasons, the most certain one first; a skill is recommended for one only."""

    REQUIRED_BY = "required_by"
    """The person uses skills that require it, but does not use it."""
    USED_TOGETHER = "used_together"
    """People use it on days on which they use skills that this person uses."""
    POPULAR = "popular"
    """Others use it, and it is in a category that this person uses or prefers."""
    COLD = "cold"
    """It is mounted or always loaded, but this person does not use it."""


@dataclass
class Recommendation:
    key: uuid.UUID
    reason: Reason
    count: int = 0
    """How many skills require it, days of work, people, or days without use."""
    because: list[str] = field(default_factory=list)
    """Names of skills, or paths of categories, that are the reason."""
    partner: uuid.UUID | None = None
    """The skill of this person that it is most often used together with."""
    skill: Any = None

    @property
    def text(self) -> str:
        """The reason as a sentence."""
        names = ", ".join(self.because[:5])
        match self.reason:
            case Reason.REQUIRED_BY:
                return f"Required by {names}, which you use."
            case Reason.USED_TOGETHER:
                return f"Used on {self.count} days of work together with {names}."
            case Reason.POPULAR:
                return f"Used by {people(self.count)} in {names}."
        return f"Not used in {self.count} days, although {names}."


def people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


@dataclass(frozen=True)
class Sources:
    """The sources of recommendations for one person."""

    user: User
    interests: Interests
    offered: SkillQuerySet
    most: int

    @property
    def own(self) -> list[uuid.UUID]:
        return [each.skill for each in self.interests.used]

    @property
    def active(self) -> list[uuid.UUID]:
        """The active ones of `own`, which every reader may see."""
        return [each.skill for each in self.interests.used if each.is_active]

    def required_by(self) -> list[Recommendation]:
        relations = Relation.objects.filter(
            kind=Relation.Kind.REQUIRED, skill__in=self.active, target__in=self.offered
        ).exclude(target__in=self.own)
        pairs = relations.order_by("target", "skill").values_list(
            "target", "skill__name"
        )
        by_target: dict[uuid.UUID, list[str]] = defaultdict(list)
        for target, name in pairs[:MOST_RELATIONS]:
            by_target[target].append(name)
        return self.strongest(
            Recommendation(target, Reason.REQUIRED_BY, len(names), sorted(names))
            for target, names in by_target.items()
        )

    def used_together(self) -> list[Recommendation]:
        """Skills that people use on the same days as this person's skills.

        They are counted in days of work: a day on which one person used both skills.
        """
        work = days_of_work(self.active[:MOST_OWN_SKILLS])
        days_with: dict[uuid.UUID, Counter[uuid.UUID]] = defaultdict(Counter)
        days_of: Counter[uuid.UUID] = Counter()
        for skill, *day in others_on(work, self.offered, self.own):
            days_of[skill] += 1
            days_with[skill].update(work[tuple(day)])
        return self.strongest(
            Recommendation(
                skill,
                Reason.USED_TOGETHER,
                days,
                partner=max(days_with[skill].items(), key=lambda it: (it[1], it[0]))[0],
            )
            for skill, days in days_of.items()
            if days >= LEAST_DAYS_TOGETHER
        )

    def popular(self) -> list[Recommendation]:
        """Popular skills of the person's categories, or of all if none are known."""
        used = {each.category for each in self.interests.used}
        own_categories = Q(category__path__in=used) if used else Q()
        for path in (
            *self.interests.profile.mounted,
            *self.interests.profile.priorities,
        ):
            own_categories |= within(path, "category__path")
        counts = UsageCount.objects.since(first_day(POPULAR_DAYS)).uses().order_by()
        rows = (
            counts.filter(skill__in=self.offered.filter(own_categories))
            .exclude(user=self.user)
            .exclude(skill__in=self.own)
            .values_list("skill")
            .annotate(people=Count("user", distinct=True), uses=Sum("count"))
            .order_by("-people", "-uses", "skill")[: self.most]
        )
        return [Recommendation(key, Reason.POPULAR, people) for key, people, _ in rows]

    def cold(self) -> list[Recommendation]:
        """Skills that are mounted or always loaded, but that the person does not use.

        Empty for people without any usage, as their clients may not report it.
        """
        if not self.own:
            return []
        loaded = Q(load_priority=Skill.LoadPriority.ALWAYS)
        for path in self.interests.profile.mounted:
            loaded |= within(path, "category__path")
        used = UsageCount.objects.since(window()).uses().filter(user=self.user)
        keys = (
            self.offered.filter(loaded, created_at__lt=midnight(window()))
            .exclude(pk__in=used.order_by().values("skill"))
            .order_by("created_at", "pk")
            .values_list("pk", flat=True)[: self.most]
        )
        days = settings.SKILLFLEET_USAGE_WINDOW_DAYS
        return [Recommendation(key, Reason.COLD, days) for key in keys]

    def strongest(self, candidates: Iterable[Recommendation]) -> list[Recommendation]:
        """Those with the highest counts, at most `most`."""
        return sorted(candidates, key=lambda each: (-each.count, each.key))[: self.most]


def days_of_work(own: list[uuid.UUID]) -> dict[DayOfWork, set[uuid.UUID]]:
    """The latest days on which anybody used these skills, and which ones they used."""
    counts = UsageCount.objects.since(window()).uses().filter(skill__in=own)
    rows = counts.order_by("-day", "user", "skill").values_list("user", "day", "skill")
    skills: dict[DayOfWork, set[uuid.UUID]] = defaultdict(set)
    for user, day, skill in rows.distinct()[:MOST_DAYS_OF_WORK]:
        skills[user, day].add(skill)
    return skills


def others_on(
    work: dict[DayOfWork, set[uuid.UUID]], offered: SkillQuerySet, own: list[uuid.UUID]
) -> Iterator[tuple[Any, ...]]:
    """The other skills that were used on those days, as (skill, user, day)."""
    if not work:
        return
    users, days = (set(part) for part in zip(*work, strict=True))
    counts = UsageCount.objects.uses().filter(user__in=users, day__in=days)
    others = counts.filter(skill__in=offered).exclude(skill__in=own)
    rows = others.order_by("-day", "user", "skill").values_list("skill", "user", "day")
    for skill, user, day in rows.distinct()[:MOST_OTHER_USES]:
        if (user, day) in work:
            yield skill, user, day


def recommendations(
    user: User, visible: SkillQuerySet, most: int
) -> list[Recommendation]:
    """At most `most` for each reason; each skill once, for its first reason."""
    interests = Interests.of(user)
    skills = without_hidden(interests.profile, visible.active())
    offered = skills.exclude(verdict__status=Verdict.Status.FAILED).order_by()
    sources = Sources(user, interests, offered, most)
    by_skill: dict[uuid.UUID, Recommendation] = {}
    for each in from_all(sources):
        by_skill.setdefault(each.key, each)
    return with_skills(list(by_skill.values()), sources)


def from_all(sources: Sources) -> Iterator[Recommendation]:
    methods: tuple[Callable[[], list[Recommendation]], ...] = (
        sources.required_by,
        sources.used_together,
        sources.popular,
        sources.cold,
    )
    for method in methods:
        yield from method()


def with_skills(chosen: list[Recommendation], sources: Sources) -> list[Recommendation]:
    """Load the skills, and set each `because` by name."""
    keys = {each.key for each in chosen} | {each.partner for each in chosen}
    rows = Skill.objects.select_related("category", "verdict")
    skills = rows.defer("verdict__report").in_bulk(keys - {None})
    for each in chosen:
        each.skill = skills[each.key]
        match each.reason:
            case Reason.USED_TOGETHER:
                each.because = [skills[each.partner].name]
            case Reason.POPULAR:
                each.because = [each.skill.category.path]
            case Reason.COLD:
                each.because = [why_loaded(each.skill, sources.interests)]
    return chosen


def why_loaded(skill: Skill, interests: Interests) -> str:
    mounted = is_within(skill.category.path, interests.profile.mounted)
    return "mounted" if mounted else "always loaded"
