"""The operators' endpoints. Nothing here is ever cached."""

from typing import Any, ClassVar

from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import operators
from cachelayer.manager import cache_manager
from cachelayer.serializers import (
    InvalidationSerializer,
    NothingSerializer,
    RetiredSerializer,
    StatsSerializer,
)


def checked(kind: type[serializers.Serializer[Any]], request: Request) -> Any:
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


@method_decorator(never_cache, name="dispatch")
class CacheStats(APIView):
    """GET /cache/stats"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": operators.OPERATE}

    @extend_schema(operation_id="cache_stats", responses=StatsSerializer)
    def get(self, request: Request) -> Response:
        """Counts of this process, of its host, of every tier and route."""
        return Response(StatsSerializer(cache_manager.get_stats()).data)


@method_decorator(never_cache, name="dispatch")
class CacheInvalidate(APIView):
    """POST /cache/invalidate"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": operators.OPERATE}

    @extend_schema(
        operation_id="cache_invalidate",
        request=InvalidationSerializer,
        responses=RetiredSerializer,
    )
    def post(self, request: Request) -> Response:
        """Retire what a pattern covers, or the one entry that has this key."""
        wanted = checked(InvalidationSerializer, request)
        if "key" in wanted:
            operators.invalidate_key(wanted["key"], by=request.user)
            return Response({"status": "invalidated", "retired": wanted["key"]})
        retired = operators.invalidate_pattern(wanted["pattern"], by=request.user)
        return Response({"status": "invalidated", "retired": retired})


@method_decorator(never_cache, name="dispatch")
class CacheClear(APIView):
    """POST /cache/clear"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": operators.OPERATE}

    @extend_schema(
        operation_id="cache_clear", request=None, responses=RetiredSerializer
    )
    def post(self, request: Request) -> Response:
        """Retire everything."""
        checked(NothingSerializer, request)
        retired = operators.clear(by=request.user)
        return Response({"status": "cleared", "retired": retired})
