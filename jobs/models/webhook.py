"""Webhooks, which are called when a job asks a question or ends; their deliveries."""

import secrets
import uuid
from typing import Any

from django.conf import settings
from django.contrib.auth.models import AnonymousUser, User
from django.db import models
from django.db.models.functions import Now

from jobs.webhooks.signing import new_nonce

MAX_URL_CHARS = 1000


class WebhookQuerySet(models.QuerySet["Webhook"]):
    def visible_to(self, user: User | AnonymousUser) -> "WebhookQuerySet":
        """The user's own webhooks; all webhooks for an operator."""
        if user.has_perm("jobs.operate_jobs"):
            return self
        return self.filter(user_id=user.pk)

    def of_job(self, job_id: uuid.UUID) -> "WebhookQuerySet":
        """The active webhooks of the job's owner, locked until the transaction ends.

        Without the lock, a webhook that is deleted meanwhile would make the insertion
        of its delivery fail, and with it the job's transaction.
        """
        active = self.filter(active=True, user__is_active=True)
        of_owner = active.filter(user__skill_jobs=job_id).order_by("pk")
        return of_owner.select_for_update(of=("self",), no_key=True)


class Webhook(models.Model):
    """A URL that is called for events of its owner's jobs."""

    class Event(models.TextChoices):
        ASKED = "asked"
        """The job waits for an answer."""
        COMPLETED = "completed"
        FAILED = "failed"
        CANCELLED = "cancelled"

    webhook_id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="webhooks"
    )
    url = models.CharField(max_length=MAX_URL_CHARS)
    events = models.JSONField(default=list)
    active = models.BooleanField(default=True)
    nonce = models.CharField(max_length=64, default=new_nonce, editable=False)
    """The secret is derived from this and SECRET_KEY; the nonce is not secret."""
    created_at = models.DateTimeField(db_default=Now())

    objects = WebhookQuerySet.as_manager()

    class Meta:
        ordering = ("-created_at", "-pk")

    def __str__(self) -> str:
        return str(self.webhook_id)


def new_message_id() -> str:
    return f"msg_{secrets.token_hex(16)}"


class DeliveryQuerySet(models.QuerySet["Delivery"]):
    def visible_to(self, user: User | AnonymousUser) -> "DeliveryQuerySet":
        return self.filter(webhook__in=Webhook.objects.visible_to(user))

    def due(self) -> "DeliveryQuerySet":
        return self.filter(status=Delivery.Status.PENDING, next_at__lte=Now())

    def write(self, **values: Any) -> int:
        return self.update(**values)


class Delivery(models.Model):
    """One event for one webhook, written in the transaction of the event."""

    class Status(models.TextChoices):
        PENDING = "pending"
        """To be sent at `next_at`, for the first time or again."""
        DELIVERED = "delivered"
        """The receiver answered with a status 2xx."""
        FAILED = "failed"
        """There is no further attempt; `error` says why. It can be redelivered."""

    webhook = models.ForeignKey(Webhook, models.CASCADE, related_name="deliveries")
    job = models.ForeignKey(
        "jobs.Job", models.CASCADE, null=True, blank=True, related_name="deliveries"
    )
    message_id = models.CharField(max_length=64, unique=True, default=new_message_id)
    """The same for each attempt, so that the receiver recognises repetitions."""
    kind = models.CharField(max_length=32)
    body = models.TextField()
    status = models.CharField(
        max_length=16, choices=Status.choices, default=Status.PENDING
    )
    attempts = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField(null=True, blank=True, db_default=Now())
    response_status = models.PositiveSmallIntegerField(null=True, blank=True)
    error = models.CharField(max_length=300, blank=True)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True, blank=True)

    objects = DeliveryQuerySet.as_manager()

    class Meta:
        ordering = ("-pk",)
        verbose_name_plural = "deliveries"
        indexes = (
            models.Index(
                fields=("next_at",),
                condition=models.Q(status="pending"),
                name="due_deliveries",
            ),
        )

    def __str__(self) -> str:
        return self.message_id
