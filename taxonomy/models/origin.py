"""The origins of imported skills, and the identity of this fleet."""

import uuid

from django.db import models

from taxonomy.models.skill import Skill
from taxonomy.models.version import SkillVersion


class FleetManager(models.Manager["Fleet"]):
    def identity(self) -> str:
        """The UUID of this fleet; it is created at the first call and never changes."""
        return str(self.get_or_create(pk=Fleet.ONLY)[0].uuid)

    def existing_identity(self) -> str:
        """The UUID of this fleet, or an empty text; nothing is created."""
        fleet = self.filter(pk=Fleet.ONLY).first()
        return str(fleet.uuid) if fleet else ""


class Fleet(models.Model):
    """The identity of this fleet; there is one row.

    Files that a sync writes into other folders name the fleet that they belong to.
    """

    ONLY = 1

    uuid = models.UUIDField(default=uuid.uuid4, editable=False)

    objects = FleetManager()

    def __str__(self) -> str:
        return str(self.uuid)


class OriginQuerySet(models.QuerySet["Origin"]):
    def of_source(self, source: str) -> "OriginQuerySet":
        """The origins in the source, with their skills but without the skills' text."""
        origins = self.filter(source=source).order_by("path")
        origins = origins.select_related("skill__current", "skill__category")
        return origins.defer(
            *(f"skill__current__{field}" for field in SkillVersion.CONTENT)
        )


class Origin(models.Model):
    """One folder of one source, and the skill that was imported from it."""

    MOST_CHARS = 300
    """The most characters of a source and of a path: a unique index must hold both."""

    source = models.CharField(max_length=MOST_CHARS)
    path = models.CharField(max_length=MOST_CHARS, blank=True)
    """The folder's path in the source; empty if the source itself is the skill."""
    skill = models.ForeignKey(Skill, models.CASCADE, related_name="origins")
    digest = models.CharField(max_length=64)
    """The bundle digest of the folder's files."""
    published = models.CharField(max_length=64)
    """The bundle digest of the published files; it differs if the skill was renamed."""
    pruned = models.BooleanField(default=False)
    """The source no longer has the folder, and the skill was archived for that."""
    adopted = models.BooleanField(default=False)
    """The skill existed before the import, with the same files."""
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
        """Whether the skill has another name than it has in the source."""
        return self.digest != self.published
