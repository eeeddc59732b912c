"""The operators' API of the cache: statistics, invalidation. It is never cached."""

from typing import Any, ClassVar

from django.urls import path
from django.utils.decorators import method_decorator
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import manager
from cachelayer.manager import cache_manager
from core.serializers import StrictSerializer, TextField, validated


class InvalidationSerializer(StrictSerializer):
    pattern = TextField(
        required=False,
        trim_whitespace=True,
        help_text="`/a/*`: `/a` and all below; `/a`: that path alone.",
    )
    key = TextField(required=False, help_text="The key text of one entry.")

    def validate(self, sent: dict[str, Any]) -> dict[str, Any]:
        if len(sent) != 1:
            raise serializers.ValidationError(
                {"pattern": ["Send either a pattern or a key."]}
            )
        return sent


@extend_schema_serializer(deprecate_fields=["retired"])
class InvalidatedSerializer(serializers.Serializer[Any]):
    status = serializers.ChoiceField(("invalidated", "cleared"))
    invalidated = serializers.CharField(
        help_text="The key, or the prefix that covers the pattern."
    )
    retired = serializers.CharField(
        source="invalidated",
        help_text="The former name of `invalidated`, kept for one release.",
    )


class CountsSerializer(serializers.Serializer[Any]):
    hits = serializers.IntegerField()
    misses = serializers.IntegerField()
    hit_rate = serializers.FloatField(help_text="hits / (hits + misses); 0 without.")
    bypasses = serializers.IntegerField()


class EventsSerializer(CountsSerializer):
    sets = serializers.IntegerField()
    evictions = serializers.IntegerField(
        help_text="Entries removed because of a limit."
    )
    invalidations = serializers.IntegerField(help_text="Entries found invalidated.")
    expired = serializers.IntegerField()


class RouteSerializer(CountsSerializer):
    route = serializers.CharField()
    tier = serializers.CharField()
    warnings = serializers.ListField(child=serializers.CharField())


class ScopeSerializer(EventsSerializer):
    """Statistics of one process, or of all processes of a host."""

    size = serializers.IntegerField(
        allow_null=True,
        help_text="Live entries; null while the cache server is out of service.",
    )
    bytes = serializers.IntegerField(allow_null=True)
    tiers = serializers.DictField(child=EventsSerializer())


class ProcessSerializer(EventsSerializer):
    pid = serializers.IntegerField()
    size = serializers.IntegerField()


class HostSerializer(ScopeSerializer):
    processes = serializers.IntegerField(help_text="Living processes.")
    each = ProcessSerializer(many=True, required=False)


class StatsSerializer(ScopeSerializer):
    """Statistics of the process that answers; `host` has those of its whole host."""

    max_entries = serializers.IntegerField(required=False)
    max_bytes = serializers.IntegerField(required=False)
    max_value = serializers.IntegerField(
        required=False,
        help_text="The most bytes that one value in the cache server may have.",
    )
    server = serializers.CharField(
        required=False, help_text="`ok`, or why the cache server is out of service."
    )
    complete = serializers.BooleanField(
        required=False,
        help_text="Whether size and bytes cover every entry in the server.",
    )
    host = HostSerializer()
    routes = RouteSerializer(many=True)
    warnings = serializers.ListField(child=serializers.CharField())


def answer(status: str, invalidated: str) -> Response:
    body = {"status": status, "invalidated": invalidated}
    return Response(InvalidatedSerializer(body).data)


@method_decorator(never_cache, name="dispatch")
class CacheStats(APIView):
    """GET /cache/stats"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": manager.OPERATE}

    @extend_schema(operation_id="cache_stats", responses=StatsSerializer)
    def get(self, request: Request) -> Response:
        """Statistics of this process and its host, by tier and by route."""
        return Response(StatsSerializer(cache_manager.get_stats()).data)


@method_decorator(never_cache, name="dispatch")
class CacheInvalidate(APIView):
    """POST /cache/invalidate"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": manager.OPERATE}

    @extend_schema(
        operation_id="cache_invalidate",
        request=InvalidationSerializer,
        responses=InvalidatedSerializer,
    )
    def post(self, request: Request) -> Response:
        """Invalidate what a pattern covers, or the one entry that has this key."""
        sent = validated(InvalidationSerializer, request.data).validated_data
        if "key" in sent:
            manager.invalidate_key(sent["key"], by=request.user)
            return answer("invalidated", sent["key"])
        tag = manager.invalidate_pattern(sent["pattern"], by=request.user)
        return answer("invalidated", tag)


@method_decorator(never_cache, name="dispatch")
class CacheClear(APIView):
    """POST /cache/clear"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": manager.OPERATE}

    @extend_schema(
        operation_id="cache_clear", request=None, responses=InvalidatedSerializer
    )
    def post(self, request: Request) -> Response:
        """Invalidate everything."""
        validated(StrictSerializer, request.data)
        return answer("cleared", manager.clear(by=request.user))


urlpatterns = [
    path("cache/stats", CacheStats.as_view()),
    path("cache/invalidate", CacheInvalidate.as_view()),
    path("cache/clear", CacheClear.as_view()),
]
