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
        """Their own, or every one."""
        if sees_all(user):
            return self
        return self.filter(job__user_id=user.pk)


class DraftManager(models.Manager.from_queryset(DraftQuerySet)):  # type: ignore[misc]
    """Queries."""


class Draft(models.Model):
    """A job's draft points at immutable content; an edit points it at other content."""

    class Status(models.TextChoices):
        OPEN = "open"
        """Being written, or waiting for a curator."""
        PROMOTED = "promoted"
        """Published as `version`."""
        REJECTED = "rejected"
        """A curator said no; `reason` says why."""

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
        """Its owner, or who may promote it. Needs `job`."""
        return self.job.user_id == user.pk or user.has_perm("jobs.promote_draft")

    def repoint(
        self, bundle: Bundle, *, status: Status = Status.OPEN, **fields: Any
    ) -> bool:
        """Point an open draft at content. False: it has changed since it was read."""
        as_read = Draft.objects.filter(
            pk=self.pk, status=Draft.Status.OPEN, bundle_id=self.bundle_id
        )
        return bool(
            as_read.update(bundle=bundle, status=status, updated_at=Now(), **fields)
        )


def sees_all(user: User | AnonymousUser) -> bool:
    """Who may promote drafts or operates jobs."""
    return user.has_perm("jobs.promote_draft") or user.has_perm("jobs.operate_jobs")


class DraftWaiver(BaseWaiver):
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
