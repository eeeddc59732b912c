"""Webhooks: one's own; an operator sees and steers everyone's."""

from typing import Any, ClassVar
from uuid import UUID

from django.db.models import QuerySet
from django.http import Http404
from drf_spectacular.utils import extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.pagination import PAGE_PARAMS
from jobs.models import Delivery, Webhook
from jobs.permissions import LOGGED_IN
from jobs.serializers.jobs import NothingSerializer
from jobs.serializers.webhooks import (
    DeliverySerializer,
    NewWebhookSerializer,
    WebhookChangeSerializer,
    WebhookRequestSerializer,
    WebhookSerializer,
    shown,
)
from jobs.views.base import person
from jobs.webhooks import outbox, registry

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
        """One's own, newest first; an operator sees everyone's."""
        return self.list(request, *args, **kwargs)

    @extend_schema(
        operation_id="create_webhook",
        request=WebhookRequestSerializer,
        responses={201: NewWebhookSerializer},
    )
    def post(self, request: Request) -> Response:
        """Told when one's jobs ask or end; the secret is shown this once."""
        asked = WebhookRequestSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        made, secret = registry.register(person(request), **asked.validated_data)
        place = f"{request.path}/{made.pk}"
        return Response(shown(made, secret), status=201, headers={"Location": place})


def visible_webhook(request: Request, webhook_id: UUID) -> Webhook:
    """404 for one that is not there, or not this person's to see."""
    webhooks = Webhook.objects.visible_to(request.user).select_related("user")
    found = webhooks.filter(pk=webhook_id).first()
    if found is None:
        raise Http404(f"There is no webhook {webhook_id}.")
    return found


class WebhookDetail(APIView):
    """GET, PATCH, DELETE /webhooks/{webhook_id}"""

    required_permissions: ClassVar[Grants] = {
        "GET": LOGGED_IN,
        "PATCH": LOGGED_IN,
        "DELETE": LOGGED_IN,
    }

    @extend_schema(operation_id="webhook", responses=WebhookSerializer)
    def get(self, request: Request, webhook_id: UUID) -> Response:
        """Where it leads, and what it is told."""
        return Response(shown(visible_webhook(request, webhook_id)))

    @extend_schema(
        operation_id="change_webhook",
        request=WebhookChangeSerializer,
        responses=WebhookSerializer,
    )
    def patch(self, request: Request, webhook_id: UUID) -> Response:
        """Another address, other events, or a rest: its secret stays."""
        webhook = visible_webhook(request, webhook_id)
        asked = WebhookChangeSerializer(data=request.data)
        asked.is_valid(raise_exception=True)
        return Response(shown(registry.change(webhook, **asked.validated_data)))

    @extend_schema(operation_id="delete_webhook", responses={204: None})
    def delete(self, request: Request, webhook_id: UUID) -> Response:
        """With the log of its deliveries."""
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
        """The log, newest first: what was sent, when again, what was answered."""
        return self.list(request, *args, **kwargs)


class WebhookTest(APIView):
    """POST /webhooks/{webhook_id}/test"""

    required_permissions: ClassVar[Grants] = {"POST": LOGGED_IN}

    @extend_schema(
        operation_id="test_webhook", request=None, responses={202: DeliverySerializer}
    )
    def post(self, request: Request, webhook_id: UUID) -> Response:
        """Send a `webhook.test`; the log says how it went."""
        webhook = visible_webhook(request, webhook_id)
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        sent = outbox.send_test(webhook)
        return Response(DeliverySerializer(sent).data, status=202)


class DeliveryAgain(APIView):
    """POST /webhooks/{webhook_id}/deliveries/{delivery_id}/redeliver"""

    required_permissions: ClassVar[Grants] = {"POST": LOGGED_IN}

    @extend_schema(
        operation_id="redeliver", request=None, responses={202: DeliverySerializer}
    )
    def post(self, request: Request, webhook_id: UUID, delivery_id: int) -> Response:
        """Send the same message again, under the same id."""
        webhook = visible_webhook(request, webhook_id)
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        delivery = webhook.deliveries.filter(pk=delivery_id).first()
        if delivery is None:
            raise Http404(f"This webhook has no delivery {delivery_id}.")
        return Response(DeliverySerializer(outbox.send_anew(delivery)).data, status=202)
