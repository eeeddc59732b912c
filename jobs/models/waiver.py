"""Findings in a draft that a curator accepted; promoted, they become the skill's."""

from django.db import models

from taxonomy.models.verdict import Waiving


class DraftWaiver(Waiving):
    """Of a draft. It holds through edits that leave the text as it was found."""

    draft = models.ForeignKey("jobs.Draft", models.CASCADE, related_name="waivers")

    class Meta:
        base_manager_name = "objects"
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["draft", "fingerprint"],
                condition=models.Q(revoked_at=None),
                name="waived_in_draft_once",
            ),
        )
