"""Webhooks and their deliveries as JSON."""

from typing import Any

from rest_framework import serializers

from core.serializers import BoundedList, StrictSerializer, TextField
from jobs.models import Delivery, Webhook
from jobs.models.webhook import MAX_URL_CHARS

KINDS = Webhook.Event.choices


class WebhookRequestSerializer(StrictSerializer):
    """A new webhook; without `events`, of every kind."""

    url = TextField(max_length=MAX_URL_CHARS)
    events = BoundedList(
        most=len(KINDS),
        child=serializers.ChoiceField(KINDS),
        allow_empty=False,
        default=lambda: list(Webhook.Event.values),
    )


class WebhookChangeSerializer(StrictSerializer):
    """What is left out stays as it is."""

    url = TextField(max_length=MAX_URL_CHARS, required=False)
    events = BoundedList(
        most=len(KINDS),
        child=serializers.ChoiceField(KINDS),
        allow_empty=False,
        required=False,
    )
    active = serializers.BooleanField(required=False)


class WebhookSerializer(serializers.ModelSerializer[Webhook]):
    user = serializers.CharField(source="user.username")
    events = serializers.ListField(child=serializers.ChoiceField(KINDS))

    class Meta:
        model = Webhook
        fields: tuple[str, ...] = (
            "webhook_id",
            "user",
            "url",
            "events",
            "active",
            "created_at",
        )
        read_only_fields: tuple[str, ...] = fields


class NewWebhookSerializer(WebhookSerializer):
    secret = serializers.CharField(help_text="Shown this once.")

    class Meta(WebhookSerializer.Meta):
        fields = (*WebhookSerializer.Meta.fields, "secret")
        read_only_fields = fields


class DeliverySerializer(serializers.ModelSerializer[Delivery]):
    job_id = serializers.UUIDField(allow_null=True)
    delivery_id = serializers.IntegerField(source="pk")

    class Meta:
        model = Delivery
        fields = (
            "delivery_id",
            "message_id",
            "job_id",
            "kind",
            "status",
            "attempts",
            "next_at",
            "response_status",
            "error",
            "created_at",
            "finished_at",
        )
        read_only_fields = fields


def shown(webhook: Webhook, secret: str | None = None) -> dict[str, Any]:
    if secret is None:
        return dict(WebhookSerializer(webhook).data)
    webhook.secret = secret  # type: ignore[attr-defined]
    return dict(NewWebhookSerializer(webhook).data)
