"""What the operators' endpoints take and answer."""

from collections.abc import Mapping
from typing import Any

from rest_framework import serializers


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
