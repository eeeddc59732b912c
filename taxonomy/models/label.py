"""Words that skills are filtered by."""

from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db import models

from cachelayer import RetiringManager
from taxonomy.admission import MAX_LABEL_CHARS

if TYPE_CHECKING:
    from taxonomy.models.skill import Skill


class LabelManager(RetiringManager):
    def give(self, skill: "Skill", kind: "Label.Kind", values: Iterable[str]) -> None:
        """Make these the skill's only labels of the kind. Rows that stay are kept.

        One by one, not in bulk: so only this skill's cached reads are retired.
        Facets must have been checked: FacetDefinition.objects.require().
        """
        wanted = set(values)
        for label in self.filter(skill=skill, kind=kind):
            if label.value in wanted:
                wanted.remove(label.value)
            else:
                label.delete()
        for value in sorted(wanted):
            self.create(skill=skill, kind=kind, value=value)


class Label(models.Model):
    """One word of one kind on one skill."""

    class Kind(models.TextChoices):
        KEYWORD = "keyword"
        """Found by search, beside name and description."""
        TAG = "tag"
        """A free grouping, chosen by people."""
        CAPABILITY = "capability"
        """What an agent can do with the skill."""
        FACET = "facet"
        """A dimension and its value, as in language=python."""
        TOOL = "tool"
        """A tool of the frontmatter's allowed-tools."""

    skill = models.ForeignKey("taxonomy.Skill", models.CASCADE, related_name="labels")
    kind = models.CharField(max_length=10, choices=Kind)
    value = models.CharField(max_length=MAX_LABEL_CHARS)

    objects = LabelManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("kind", "value")
        constraints = (
            models.UniqueConstraint(
                fields=["skill", "kind", "value"], name="label_once"
            ),
        )
        indexes = (models.Index(fields=["kind", "value"], name="label_kind_value"),)

    def __str__(self) -> str:
        return f"{self.kind}:{self.value}"
