"""Strict serializers and fields: unknown fields and wrong JSON types are refused."""

from collections.abc import Mapping
from typing import Any, TypeVar

from django.conf import settings
from rest_framework import serializers

AnySerializer = TypeVar("AnySerializer", bound=serializers.Serializer[Any])


def validated(kind: type[AnySerializer], sent: Any) -> AnySerializer:
    """A serializer of what the client sent: the request's body or its query string.

    Raises ValidationError, which is answered with a 400 that names the fields.
    """
    serializer = kind(data=sent)
    serializer.is_valid(raise_exception=True)
    return serializer


class StrictSerializer(serializers.Serializer[Any]):
    """Refuses unknown fields, so that a misspelt name is noticed."""

    def to_internal_value(self, data: Any) -> Any:
        if isinstance(data, Mapping):
            allowed = [
                name for name, field in self.fields.items() if not field.read_only
            ]
            if unknown := sorted(set(map(str, data)) - set(allowed)):
                message = f"Unknown field. Allowed: {', '.join(allowed)}."
                raise serializers.ValidationError(
                    {name[:80]: [message] for name in unknown[:20]}
                )
        return super().to_internal_value(data)


class TextField(serializers.CharField):
    """A JSON string, taken as it is: not stripped, and not converted from a number."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**{"trim_whitespace": False, **options})

    def to_internal_value(self, data: Any) -> str:
        if not isinstance(data, str):
            self.fail("invalid")
        return super().to_internal_value(data)


class NumberField(serializers.IntegerField):
    """A JSON integer: no string of digits, no 1.0, no true."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int):
            raise serializers.ValidationError("Send a whole number.")
        return super().to_internal_value(data)


class FlagField(serializers.BooleanField):
    """A JSON boolean: no 1, no "yes"."""

    def to_internal_value(self, data: Any) -> bool:
        if not isinstance(data, bool):
            raise serializers.ValidationError("Send true or false.")
        return data


class BoundedList(serializers.ListField):
    """A list whose length is checked before its items are.

    `most` is the limit, or the name of the setting that holds it.
    """

    def __init__(self, *, most: int | str, **options: Any) -> None:
        self.most = most
        super().__init__(**options)

    def to_internal_value(self, data: Any) -> Any:
        most = getattr(settings, self.most) if isinstance(self.most, str) else self.most
        if isinstance(data, list) and len(data) > most:
            raise serializers.ValidationError(f"{len(data)} items; at most {most}.")
        return super().to_internal_value(data)
