"""What a person told of how they want the taxonomy."""

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
"""What names categories: lists of paths, and a path's number."""


class ProfileManager(InvalidatingManager):
    def of(self, user_id: int) -> "Profile":
        """Theirs; one with nothing in it, not stored, while they told nothing."""
        return self.filter(pk=user_id).first() or Profile(user_id=user_id)

    def revise(self, user: User, **changes: Any) -> "Profile":
        """Set what is given of experience, hidden, mounted and priorities.

        Raises UnknownCategory or InvalidProfile, with findings by field.
        """
        with transaction.atomic():
            # Whoever changes it at the same time waits for the row of the person.
            User.objects.select_for_update(no_key=True).get(pk=user.pk)
            profile = self.of(user.pk)
            profile.set_fields(**changes)
            profile.save()
        return profile


class Profile(models.Model):
    """Categories by path: former paths go on naming them after a move or a merge.

    What lies in `hidden` categories is not shown; `mounted` ones come first;
    `priorities` (1 to 10) say what comes before what.
    """

    class Experience(models.TextChoices):
        BEGINNER = "beginner"
        """Skills that explain all and weigh little come first."""
        INTERMEDIATE = "intermediate"
        """No skill comes first for its form."""
        EXPERT = "expert"
        """Short skills and those that lead on come first, heavy ones too."""

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

    def as_of_today(self) -> "Profile":
        """With today's paths of what it names; what is gone is left out."""
        known = resolved(self.paths)
        return Profile(
            user_id=self.user_id,
            experience=self.experience,
            **{name: carried(getattr(self, name), known) for name in LISTS},
        )

    def set_fields(self, **changes: Any) -> None:
        """Set these fields without saving. Raises UnknownCategory or InvalidProfile.

        Contradictions are looked for only when `mounted` or `hidden` is set: after
        categories were moved, stored lists may contradict each other.
        """
        known = resolved(path for name in LISTS for path in changes.get(name, ()))
        for name, value in changes.items():
            if name in LISTS:
                value = named_as_today(name, value, known)
                check_room(name, value)
            setattr(self, name, value)
        changed_lists = [name for name in ("mounted", "hidden") if name in changes]
        if changed_lists:
            self.check_sense(changed_lists[0])

    def check_sense(self, field: str) -> None:
        """Raises InvalidProfile, of the field, for what nobody can mean."""
        today = self.as_of_today()
        for path in today.mounted:
            if lies_in(path, today.hidden):
                raise InvalidProfile(
                    **{field: f"{path!r} is mounted and hidden; take it out of one."}
                )


def check_room(name: str, paths: Sized) -> None:
    most = settings.SKILLFLEET_MAX_PROFILE_PATHS
    if len(paths) > most:
        raise InvalidProfile(**{name: f"At most {most} categories."})


def lies_in(path: str, places: Iterable[str]) -> bool:
    """Whether the path is one of the places or below one."""
    return any(path == place or path.startswith(f"{place}/") for place in places)


def resolved(paths: Iterable[str]) -> dict[str, Category]:
    """By path, former ones too; paths that lead nowhere are missing."""
    wanted = set(paths)
    if not wanted:
        return {}
    found = Address.objects.filter(kind=Address.Kind.CATEGORY, path__in=wanted)
    return {each.path: each.category for each in found.select_related("category")}


def named_as_today(name: str, value: Any, known: Mapping[str, Category]) -> Any:
    """Raises UnknownCategory for the paths that lead nowhere."""
    if missing := sorted(path for path in value if path not in known):
        raise UnknownCategory(
            **{
                name: [
                    f"There is no category {path!r}; GET /taxonomy lists them."
                    for path in missing
                ]
            }
        )
    return carried(value, known)


def carried(value: Any, known: Mapping[str, Category]) -> Any:
    """The list, or the numbers by path, under today's paths, each once. Numbers are
    sorted, highest first: PostgreSQL keeps objects in an order of its own."""
    if isinstance(value, dict):
        found: dict[str, int] = {}
        for path, number in value.items():
            if path in known:
                today = known[path].path
                found[today] = max(number, found.get(today, 0))
        return dict(sorted(found.items(), key=lambda item: (-item[1], item[0])))
    return list(dict.fromkeys(known[path].path for path in value if path in known))
