"""Profiles: how a person wants the taxonomy to be ranked and filtered for them."""

from collections.abc import Iterable, Mapping, Sized
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction

from cachelayer import InvalidatingManager
from taxonomy.exceptions import InvalidProfile, UnknownCategory
from taxonomy.models.address import Address
from taxonomy.models.category import Category

HIGHEST_PRIORITY = 10
LISTS = ("hidden", "mounted", "priorities")
"""Fields that name categories: two lists of paths, and numbers by path."""


class ProfileManager(InvalidatingManager):
    def of(self, user_id: int) -> "Profile":
        """The person's profile; an empty, unsaved one if none is stored."""
        return self.filter(pk=user_id).first() or Profile(user_id=user_id)

    def revise(self, user: User, **changes: Any) -> "Profile":
        """Set those of experience, hidden, mounted and priorities that are given.

        Raises UnknownCategory or InvalidProfile, with findings by field.
        """
        with transaction.atomic():
            # Concurrent changes of the profile wait for the row of the person.
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            profile = self.of(user.pk)
            profile.set_fields(**changes)
            profile.save()
        return profile


class Profile(models.Model):
    """The experience of a person and the categories that they prefer or hide.

    Categories are stored by path; former paths still name them after a move or merge.
    Skills in and below `hidden` categories are not shown, those of `mounted` ones come
    first, and the others are ordered by `priorities` (1 to 10, the highest first).
    """

    class Experience(models.TextChoices):
        BEGINNER = "beginner"
        """Comprehensive and lightweight skills are ranked higher."""
        INTERMEDIATE = "intermediate"
        """The style and weight of skills do not affect their rank."""
        EXPERT = "expert"
        """Minimal, navigation hub and heavy skills are ranked higher."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL,
        models.CASCADE,
        primary_key=True,
        related_name="profile",
    )
    experience = models.CharField(
        max_length=12, choices=Experience, default=Experience.INTERMEDIATE
    )
    hidden = models.JSONField(default=list, blank=True)
    mounted = models.JSONField(default=list, blank=True)
    priorities = models.JSONField(default=dict, blank=True)
    updated_at = models.DateTimeField(auto_now=True)

    objects = ProfileManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("pk",)

    def __str__(self) -> str:
        return f"Profile of {self.user_id}"

    @property
    def paths(self) -> list[str]:
        return [*self.hidden, *self.mounted, *self.priorities]

    def with_current_paths(self) -> "Profile":
        """An unsaved copy with the current paths; removed categories are left out."""
        categories = categories_at(self.paths)
        return Profile(
            user_id=self.user_id,
            experience=self.experience,
            **{
                name: with_current_paths(getattr(self, name), categories)
                for name in LISTS
            },
        )

    def set_fields(self, **changes: Any) -> None:
        """Set these fields without saving. Raises UnknownCategory or InvalidProfile.

        Contradictions are checked only if `mounted` or `hidden` is set: after
        categories were moved, stored lists may contradict each other.
        """
        paths = (path for name in LISTS for path in changes.get(name, ()))
        categories = categories_at(paths)
        for name, value in changes.items():
            if name in LISTS:
                require_known(name, value, categories)
                value = with_current_paths(value, categories)
                check_length(name, value)
            setattr(self, name, value)
        changed_lists = [name for name in ("mounted", "hidden") if name in changes]
        if changed_lists:
            self.check_contradictions(changed_lists[0])

    def check_contradictions(self, field: str) -> None:
        """Raises InvalidProfile for the field if a category is mounted and hidden."""
        current = self.with_current_paths()
        for path in current.mounted:
            if is_within(path, current.hidden):
                raise InvalidProfile(
                    **{field: f"{path!r} is mounted and hidden; take it out of one."}
                )


def check_length(name: str, paths: Sized) -> None:
    """Raises InvalidProfile for the field if it has too many categories."""
    limit = settings.SKILLFLEET_MAX_PROFILE_PATHS
    if len(paths) > limit:
        raise InvalidProfile(**{name: f"At most {limit} categories."})


def is_within(path: str, branches: Iterable[str]) -> bool:
    """Whether the path is one of the branches or below one."""
    return any(path == branch or path.startswith(f"{branch}/") for branch in branches)


def categories_at(paths: Iterable[str]) -> dict[str, Category]:
    """The categories by current or former path; unknown paths are missing."""
    requested = set(paths)
    if not requested:
        return {}
    addresses = Address.objects.filter(
        kind=Address.Kind.CATEGORY, path__in=requested
    ).select_related("category")
    return {each.path: each.category for each in addresses}


def require_known(
    name: str, paths: Iterable[str], categories: Mapping[str, Category]
) -> None:
    """Raises UnknownCategory for the field, with every path that is unknown."""
    if unknown := sorted(path for path in paths if path not in categories):
        raise UnknownCategory(
            **{
                name: [
                    f"There is no category {path!r}; GET /taxonomy lists them."
                    for path in unknown
                ]
            }
        )


def with_current_paths(value: Any, categories: Mapping[str, Category]) -> Any:
    """The list, or the numbers by path, with the current path of each category once.

    Unknown paths are left out. Numbers are sorted, highest first, because PostgreSQL
    does not keep the order of keys in JSON.
    """
    if isinstance(value, dict):
        numbers: dict[str, int] = {}
        for path, number in value.items():
            if path in categories:
                current = categories[path].path
                numbers[current] = max(number, numbers.get(current, 0))
        return dict(sorted(numbers.items(), key=lambda item: (-item[1], item[0])))
    paths = (categories[path].path for path in value if path in categories)
    return list(dict.fromkeys(paths))
