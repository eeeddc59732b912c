"""How one skill points at another."""

from django.db import models

from cachelayer import RetiringManager


class Relation(models.Model):
    """A pointer by name; `target` is empty while no skill has that name."""

    class Kind(models.TextChoices):
        REQUIRED = "required"
        """The skill does not work without the other."""
        RECOMMENDED = "recommended"
        """The two work well together."""
        CONFLICT = "conflict"
        """An agent should not hold both."""
        SEE_ALSO = "see_also"
        """Worth reading next."""

    skill = models.ForeignKey(
        "taxonomy.Skill", models.CASCADE, related_name="relations"
    )
    kind = models.CharField(max_length=12, choices=Kind)
    target_name = models.CharField(max_length=64)
    target = models.ForeignKey(
        "taxonomy.Skill",
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="related_from",
    )

    objects = RetiringManager()

    class Meta:
        base_manager_name = "objects"
        ordering = ("kind", "target_name")
        constraints = (
            models.UniqueConstraint(
                fields=["skill", "kind", "target_name"], name="relation_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.kind} {self.target_name}"
