"""Where skills were before they went to another category."""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q

from cachelayer import RetiringManager

if TYPE_CHECKING:
    from taxonomy.models.category import Category
    from taxonomy.models.skill import Skill


class FormerPlaceManager(RetiringManager):
    def keep(self, skill: "Skill") -> None:
        """It is about to leave the category in which it is."""
        self.get_or_create(skill=skill, category_id=skill.category_id)

    def follow(self, gone: Q, twins: "Mapping[int, Category]") -> None:
        """Who was in one of the categories that go was in its twin, by key."""
        left = self.filter(gone)
        pairs = left.values_list("skill_id", "category_id")
        self.bulk_create(
            [FormerPlace(skill_id=skill, category=twins[was]) for skill, was in pairs],
            ignore_conflicts=True,
        )
        # A signal for each would be a query for each.
        self.filter(pk__in=left.values("pk"))._raw_delete(self.db)


class FormerPlace(models.Model):
    """A category in which a skill was, so that its full paths of then resolve on.

    It may be there again today.
    """

    skill = models.ForeignKey(
        "taxonomy.Skill", models.CASCADE, related_name="former_places"
    )
    category = models.ForeignKey(
        "taxonomy.Category", models.CASCADE, related_name="former_places"
    )

    objects = FormerPlaceManager()

    class Meta:
        base_manager_name = "objects"
        constraints = (
            models.UniqueConstraint(
                fields=["skill", "category"], name="former_place_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.category}/{self.skill}"
