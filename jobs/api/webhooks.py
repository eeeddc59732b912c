"""Webhooks in the API: a user's own; an operator sees and changes all of them."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import generics, serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.pagination import PAGE_PARAMS
from core.serializers import BoundedList, StrictSerializer, TextField, validated
from jobs.api.base import LOGGED_IN, NothingSerializer, person
from jobs.models import Delivery, Webhook
from jobs.models.webhook import MAX_URL_CHARS
from jobs.webhooks import registry
from jobs.webhooks.delivery import redeliver, send_test

KINDS = Webhook.Event.choices


class WebhookRequestSerializer(StrictSerializer):
    """A new webhook; without `events` it is called for all kinds of events."""

    url = TextField(max_length=MAX_URL_CHARS)
    events = BoundedList(
        most=len(KINDS),
        child=serializers.ChoiceField(KINDS),
        allow_empty=False,
        default=lambda: list(Webhook.Event.values),
    )


class WebhookChangeSerializer(StrictSerializer):
    """Fields that are left out are not changed."""

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
    secret = serializers.CharField(help_text="The secret is shown only this once.")

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


def representation(webhook: Webhook, secret: str | None = None) -> dict[str, Any]:
    """The webhook as JSON; with its secret only when it was just created."""
    if secret is None:
        return dict(WebhookSerializer(webhook).data)
    webhook.secret = secret  # type: ignore[attr-defined]
    return dict(NewWebhookSerializer(webhook).data)


Grants = dict[str, str | None]


class WebhookList(generics.ListAPIView[Webhook]):
    """GET, POST /webhooks"""

    required_permissions: ClassVar[Grants] = {"GET": LOGGED_IN, "POST": LOGGED_IN}
    query_params = PAGE_PARAMS
    serializer_class = WebhookSerializer

    def get_queryset(self) -> QuerySet[Webhook]:
        return Webhook.objects.visible_to(self.request.user).select_related("user")

    @extend_schema(operation_id="webhooks_list")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Your own webhooks, newest first; operators see all webhooks."""
        return self.list(request, *args, **kwargs)

    @extend_schema(
        operation_id="create_webhook",
        request=WebhookRequestSerializer,
        responses={201: NewWebhookSerializer},
    )
    def post(self, request: Request) -> Response:
        """Register a URL to be called when your jobs ask a question or end.

        The secret is shown only in this response.
        """
        serializer = validated(WebhookRequestSerializer, request.data)
        webhook, secret = registry.register(
            person(request), **serializer.validated_data
        )
        location = f"{request.path}/{webhook.pk}"
        return Response(
            representation(webhook, secret), status=201, headers={"Location": location}
        )


def visible_webhook(request: Request, webhook_id: UUID) -> Webhook:
    """The webhook. Raises Http404 if it does not exist or the user may not see it."""
    webhooks = Webhook.objects.visible_to(request.user).select_related("user")
    webhook = webhooks.filter(pk=webhook_id).first()
    if webhook is None:
        raise Http404(f"There is no webhook {webhook_id}.")
    return webhook


class WebhookDetail(APIView):
    """GET, PATCH, DELETE /webhooks/{webhook_id}"""

    required_permissions: ClassVar[Grants] = {
        "GET": LOGGED_IN,
        "PATCH": LOGGED_IN,
        "DELETE": LOGGED_IN,
    }

    @extend_schema(operation_id="webhook", responses=WebhookSerializer)
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """The webhook's URL, events and state."""
        return Response(representation(visible_webhook(request, webhook_id)))

    @extend_schema(
        operation_id="change_webhook",
        request=WebhookChangeSerializer,
        responses=WebhookSerializer,
    )
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        """Change the URL, the events, or whether it is active.

        The secret stays the same.
        """
        webhook = visible_webhook(request, webhook_id)
        serializer = validated(WebhookChangeSerializer, request.data)
        return Response(
            representation(registry.change(webhook, **serializer.validated_data))
        )

    @extend_schema(operation_id="delete_webhook", responses={204: None})
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """Delete the webhook with the log of its deliveries."""
        registry.delete(visible_webhook(request, webhook_id))
        return Response(status=204)


class WebhookDeliveries(generics.ListAPIView[Delivery]):
    """GET /webhooks/{webhook_id}/deliveries"""

    required_permissions: ClassVar[Grants] = {"GET": LOGGED_IN}
    query_params = PAGE_PARAMS
    serializer_class = DeliverySerializer
    queryset = Delivery.objects.none()

    def get_queryset(self) -> QuerySet[Delivery]:
        return visible_webhook(self.request, self.kwargs["webhook_id"]).deliveries.all()

    @extend_schema(operation_id="webhook_deliveries")
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """The webhook's deliveries, newest first, with the receiver's answers."""
        return self.list(request, *args, **kwargs)


class WebhookTest(APIView):
    """POST /webhooks/{webhook_id}/test"""

    required_permissions: ClassVar[Grants] = {"POST": LOGGED_IN}

    @extend_schema(
        operation_id="test_webhook", request=None, responses={202: DeliverySerializer}
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send a `webhook.test`; the deliveries show the result."""
        webhook = visible_webhook(request, webhook_id)
        validated(NothingSerializer, request.data)
        delivery = send_test(webhook)
        return Response(DeliverySerializer(delivery).data, status=202)


class WebhookRedeliver(APIView):
    """POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"""

    required_permissions: ClassVar[Grants] = {"POST": LOGGED_IN}

    @extend_schema(
        operation_id="redeliver", request=None, responses={202: DeliverySerializer}
    )
    def post(self, request: Request, webhook_id: UUID, delivery_id: int) -> Response:
        """Send the same message again, with the same id."""
        webhook = visible_webhook(request, webhook_id)
        validated(NothingSerializer, request.data)
        delivery = webhook.deliveries.filter(pk=delivery_id).first()
        if delivery is None:
            raise Http404(f"This webhook has no delivery {delivery_id}.")
        return Response(DeliverySerializer(redeliver(delivery)).data, status=202)
