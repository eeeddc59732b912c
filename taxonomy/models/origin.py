"""Where imported skills come from, and the identity of this fleet."""

import uuid

from django.db import models

from taxonomy.models.skill import Skill
from taxonomy.models.version import SkillVersion


class FleetManager(models.Manager["Fleet"]):
    def identity(self) -> str:
        """Made when it is asked for the first time, and never changed."""
        return str(self.get_or_create(pk=Fleet.ONLY)[0].uuid)

    def known_identity(self) -> str:
        """Empty while nobody has asked for it; writes nothing."""
        fleet = self.filter(pk=Fleet.ONLY).first()
        return str(fleet.uuid) if fleet else ""


class Fleet(models.Model):
    """One row. What is written elsewhere about this fleet says whose it is by it."""

    ONLY = 1

    uuid = models.UUIDField(default=uuid.uuid4, editable=False)

    objects = FleetManager()

    def __str__(self) -> str:
        return str(self.uuid)


class OriginQuerySet(models.QuerySet["Origin"]):
    def of(self, source: str) -> "OriginQuerySet":
        """With their skills, and nothing of what those say."""
        shown = self.filter(source=source).order_by("path")
        shown = shown.select_related("skill__current", "skill__category")
        return shown.defer(
            *(f"skill__current__{field}" for field in SkillVersion.CONTENT)
        )


class Origin(models.Model):
    """One folder of one source, and the skill that was made of it."""

    MOST_CHARS = 300
    """Of a source and of a path; a unique index has room for both."""

    source = models.CharField(max_length=MOST_CHARS)
    path = models.CharField(max_length=MOST_CHARS, blank=True)
    """Of the folder within the source; empty when the skill fills it."""
    skill = models.ForeignKey(Skill, models.CASCADE, related_name="origins")
    digest = models.CharField(max_length=64)
    """Of the bundle that was found there."""
    published = models.CharField(max_length=64)
    """Of the bundle that was made of it: another one after a rename."""
    pruned = models.BooleanField(default=False)
    """The source has lost it, and the skill was archived for that."""
    adopted = models.BooleanField(default=False)
    """The skill was there before, with these bytes: it did not come from here."""
    imported_at = models.DateTimeField(auto_now=True)

    objects = OriginQuerySet.as_manager()

    class Meta:
        ordering = ("source", "path")
        constraints = (
            models.UniqueConstraint(fields=["source", "path"], name="origin_once"),
        )

    def __str__(self) -> str:
        return f"{self.source}: {self.path}" if self.path else self.source

    @property
    def is_renamed(self) -> bool:
        """The skill has another name than the source gives it."""
        return self.digest != self.published
