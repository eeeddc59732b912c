"""The skill that a job has written so far, and the findings waived in it."""

from typing import Any

from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.db.models.functions import Now

from cachelayer import InvalidatingQuerySet
from taxonomy.models import Bundle
from taxonomy.models.verdict import BaseWaiver

PROMOTE = "jobs.promote_draft"
"""The permission to promote or reject any draft."""


class DraftQuerySet(InvalidatingQuerySet):
    def visible_to(self, user: User | AnonymousUser) -> "DraftQuerySet":
        """The user's own drafts; all drafts for curators and operators."""
        if sees_all_drafts(user):
            return self
        return self.filter(job__user_id=user.pk)


class DraftManager(models.Manager.from_queryset(DraftQuerySet)):  # type: ignore[misc]
    """The queries of DraftQuerySet."""


class Draft(models.Model):
    """The draft of a job. Bundles are immutable: an edit sets another `bundle`."""

    class Status(models.TextChoices):
        OPEN = "open"
        """The job still writes it, or it waits for a curator's decision."""
        PROMOTED = "promoted"
        """It was published as `version`."""
        REJECTED = "rejected"
        """A curator has rejected it; `reason` says why."""

    job = models.OneToOneField("jobs.Job", models.CASCADE, related_name="draft")
    bundle = models.ForeignKey("taxonomy.Bundle", models.PROTECT, related_name="+")
    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.OPEN
    )
    reason = models.TextField(blank=True)
    version = models.ForeignKey(
        "taxonomy.SkillVersion",
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )
    updated_at = models.DateTimeField(db_default=Now())

    objects = DraftManager()

    class Meta:
        ordering = ("-pk",)
        indexes = (
            models.Index(
                fields=("-id",), condition=models.Q(status="open"), name="open_drafts"
            ),
        )
        permissions = (("promote_draft", "Can promote or reject any draft"),)

    def __str__(self) -> str:
        return f"draft of {self.job_id}"

    def may_be_edited_by(self, user: User | AnonymousUser) -> bool:
        """True for its owner and for curators. Reads `job`."""
        return self.job.user_id == user.pk or user.has_perm("jobs.promote_draft")

    def repoint(
        self, bundle: Bundle, *, status: Status = Status.OPEN, **fields: Any
    ) -> bool:
        """Change the content or status of an open draft (compare-and-swap).

        False: the draft has changed since it was read, and nothing was written.
        """
        unchanged = Draft.objects.filter(
            pk=self.pk, status=Draft.Status.OPEN, bundle_id=self.bundle_id
        )
        return bool(
            unchanged.update(bundle=bundle, status=status, updated_at=Now(), **fields)
        )


def sees_all_drafts(user: User | AnonymousUser) -> bool:
    """True for curators and operators."""
    return user.has_perm("jobs.promote_draft") or user.has_perm("jobs.operate_jobs")


class DraftWaiver(BaseWaiver):
    """A waived finding of a draft; it is valid until an edit changes the text found."""

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
