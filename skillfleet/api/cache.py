"""The operators' endpoints of the cache. Nothing here is ever cached."""

from collections.abc import Mapping
from typing import Any, ClassVar

from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import manager
from cachelayer.manager import cache_manager


class TextField(serializers.CharField):
    """Text: no number passes for it."""

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NothingSerializer(serializers.Serializer[Any]):
    """A body without fields; one that is sent is named and refused."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            allowed = ", ".join(self.fields) or "none"
            unknown = sorted(set(map(str, data)) - set(self.fields))
            if unknown:
                message = [f"Unknown field. Allowed: {allowed}."]
                raise serializers.ValidationError(
                    {name[:80]: message for name in unknown[:20]}
                )
        return super().to_internal_value(data)


class InvalidationSerializer(NothingSerializer):
    pattern = TextField(
        required=False,
        help_text="`/a/*`: `/a` and all below; `/a`: that path alone.",
    )
    key = TextField(
        required=False, trim_whitespace=False, help_text="The key text of one entry."
    )

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        if len(sent) != 1:
            raise serializers.ValidationError(
                {"pattern": ["Send either a pattern or a key."]}
            )
        return sent


class RetiredSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(("invalidated", "cleared"))
    retired = serializers.CharField(
        help_text="What was retired: the key, or the prefix that covers the pattern."
    )


class CountsSerializer(serializers.Serializer[Any]):
    hits = serializers.IntegerField()
    misses = serializers.IntegerField()
    hit_rate = serializers.FloatField(help_text="hits / (hits + misses); 0 without.")
    bypasses = serializers.IntegerField()


class EventsSerializer(CountsSerializer):
    sets = serializers.IntegerField()
    evictions = serializers.IntegerField(help_text="By limits only.")
    invalidations = serializers.IntegerField(help_text="Entries retired.")
    expired = serializers.IntegerField()


class RouteSerializer(CountsSerializer):
    route = serializers.CharField()
    tier = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())


class ScopeSerializer(EventsSerializer):
    """A process, or all of a host."""

    size = serializers.IntegerField(
        allow_null=True, help_text="Live entries; null while their server is away."
    )
    bytes = serializers.IntegerField(allow_null=True)
    tiers = serializers.DictField(child=EventsSerializer())


class ProcessSerializer(EventsSerializer):
    pid = serializers.IntegerField()
    size = serializers.IntegerField()


class HostSerializer(ScopeSerializer):
    processes = serializers.IntegerField(help_text="Those that are alive.")
    each = ProcessSerializer(many=True, required=False)


class StatsSerializer(ScopeSerializer):
    """Of the process that answers; `host` is all processes of its host."""

    max_entries = serializers.IntegerField(required=False)
    max_bytes = serializers.IntegerField(required=False)
    max_value = serializers.IntegerField(
        required=False, help_text="Bytes of one value in a shared server."
    )
    server = serializers.CharField(
        required=False, help_text="`ok`, or why the shared server is not asked."
    )
    complete = serializers.BooleanField(
        required=False, help_text="Whether size and bytes count every entry there."
    )
    host = HostSerializer()
    routes = RouteSerializer(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


def checked(kind: type[serializers.Serializer[Any]], request: Request) -> Any:
    serializer = kind(data=request.data)
    serializer.is_valid(raise_exception=True)
    return serializer.validated_data


@method_decorator(never_cache, name="dispatch")
class CacheStats(APIView):
    """GET /cache/stats"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": manager.OPERATE}

    @extend_schema(operation_id="cache_stats", responses=StatsSerializer)
    def get(self, request: Request) -> Response:
        """Counts of this process, of its host, of every tier and route."""
        return Response(StatsSerializer(cache_manager.get_stats()).data)


@method_decorator(never_cache, name="dispatch")
class CacheInvalidate(APIView):
    """POST /cache/invalidate"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": manager.OPERATE}

    @extend_schema(
        operation_id="cache_invalidate",
        request=InvalidationSerializer,
        responses=RetiredSerializer,
    )
    def post(self, request: Request) -> Response:
        """Retire what a pattern covers, or the one entry that has this key."""
        wanted = checked(InvalidationSerializer, request)
        if "key" in wanted:
            manager.invalidate_key(wanted["key"], by=request.user)
            return Response({"status": "invalidated", "retired": wanted["key"]})
        retired = manager.invalidate_pattern(wanted["pattern"], by=request.user)
        return Response({"status": "invalidated", "retired": retired})


@method_decorator(never_cache, name="dispatch")
class CacheClear(APIView):
    """POST /cache/clear"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": manager.OPERATE}

    @extend_schema(
        operation_id="cache_clear", request=None, responses=RetiredSerializer
    )
    def post(self, request: Request) -> Response:
        """Retire everything."""
        checked(NothingSerializer, request)
        retired = manager.clear(by=request.user)
        return Response({"status": "cleared", "retired": retired})


urlpatterns = [
    path("cache/stats", CacheStats.as_view()),
    path("cache/invalidate", CacheInvalidate.as_view()),
    path("cache/clear", CacheClear.as_view()),
]
