"""Fields that take their JSON type and no other."""

from typing import Any

from rest_framework import serializers


class FlagField(serializers.BooleanField):
    """true or false; no 1, no "yes"."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("Send true or false.")
        return data


class WholeNumberField(serializers.IntegerField):
    """A JSON integer; no text of digits, no 1.0."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            raise serializers.ValidationError("Send a whole number.")
        return data
