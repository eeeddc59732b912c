"""Fields that take their JSON type and no other."""

from typing import Any

from rest_framework import serializers


class WholeNumberField(serializers.IntegerField):
    """A JSON integer; no text of digits, no 1.0."""

    def to_internal_value(self, data: Any) -> int:
        if not isinstance(data, int) or isinstance(data, bool):
            raise serializers.ValidationError("Send a whole number.")
        return data
