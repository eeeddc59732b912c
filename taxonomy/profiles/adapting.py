"""Setting a person's priorities by what they use."""

from collections import Counter
from dataclasses import dataclass

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from taxonomy.models import Profile
from taxonomy.models.profile import HIGHEST_PRIORITY, lies_in
from taxonomy.profiles.outlook import used_by

MOST_CATEGORIES = 10
LEAST_USES = 3
"""Fewer are chance."""


@dataclass(frozen=True)
class Change:
    """Another priority for a category, and the uses that speak for it."""

    category: str
    former: int | None
    priority: int
    uses: int


def adapt(user: User, *, dry_run: bool = False) -> tuple[Profile, list[Change]]:
    """Give the categories that the person uses most the highest priorities.

    The most used one gets 10, the others their share of that. Categories that are
    hidden, or not among the most used, stay as they are; where there is no room for
    more of them, only those that have a priority get another.
    """
    with transaction.atomic():
        # Whoever changes the profile meanwhile waits, and is not undone.
        User.objects.select_for_update(no_key=True).get(pk=user.pk)
        profile = Profile.objects.of(user.pk)
        today = profile.as_of_today()
        changes = proposed(today, uses_by_category(user))
        if changes:
            new = {change.category: change.priority for change in changes}
            profile.take(priorities={**today.priorities, **new})
            if not dry_run:
                profile.save()
    return profile.as_of_today(), changes


def uses_by_category(user: User) -> Counter[str]:
    uses: Counter[str] = Counter()
    for one in used_by(user):
        uses[one.category] += one.uses
    return uses


def proposed(profile: Profile, uses: Counter[str]) -> list[Change]:
    ordered = sorted(uses.items(), key=lambda item: (-item[1], item[0]))
    shown = [
        (path, number)
        for path, number in ordered
        if number >= LEAST_USES and not lies_in(path, profile.hidden)
    ][:MOST_CATEGORIES]
    room = settings.SKILLFLEET_MAX_PROFILE_PATHS - len(profile.priorities)
    found = []
    for path, number in shown:
        priority = -(-HIGHEST_PRIORITY * number // shown[0][1])  # rounded up
        former = profile.priorities.get(path)
        if former == priority or (former is None and room <= 0):
            continue
        room -= former is None
        found.append(Change(path, former, priority, number))
    return found
