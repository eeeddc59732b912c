"""What is known of a person: their profile, and what they use."""

import uuid
from dataclasses import dataclass
from datetime import date, timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db.models import Sum

from taxonomy.models import Profile, Skill, UsageCount
from taxonomy.usage.upkeep import today

MOST_USED = 500
"""Skills of a person whose uses count."""


@dataclass(frozen=True)
class Used:
    """A skill that the person used, how often, and the path of its category."""

    skill: uuid.UUID
    uses: int
    category: str
    is_active: bool


def window() -> date:
    """The first day of those whose usage counts for a person."""
    return today() - timedelta(days=settings.SKILLFLEET_USAGE_WINDOW_DAYS)


def used_by(user: User) -> list[Used]:
    """Their most used skills of late, most used first."""
    counted = UsageCount.objects.since(window()).uses().filter(user=user)
    found = (
        counted.values_list("skill", "skill__category__path", "skill__status")
        .annotate(uses=Sum("count"))
        .order_by("-uses", "skill")[:MOST_USED]
    )
    return [
        Used(skill, uses, path, status == Skill.Status.ACTIVE)
        for skill, path, status, uses in found
    ]


@dataclass(frozen=True)
class Outlook:
    """A person's profile, as of today, and what they use."""

    profile: Profile
    used: list[Used]

    @classmethod
    def of(cls, user: User) -> "Outlook":
        return cls(Profile.objects.of(user.pk).as_of_today(), used_by(user))
