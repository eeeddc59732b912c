"""Relations between skills as JSON."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from core.serializers import BoundedList, StrictSerializer, TextField
from taxonomy.models import Relation
from taxonomy.models.address import MAX_NAME_CHARS, SKILL_NAME


class SkillName(TextField):
    """What may be a skill's name, whether or not there is one."""

    def __init__(self, **options: Any) -> None:
        super().__init__(max_length=MAX_NAME_CHARS, **options)

    def to_internal_value(self, data: Any) -> str:
        name = super().to_internal_value(data)
        if not SKILL_NAME.fullmatch(name):
            raise serializers.ValidationError(
                f"{name!r} cannot be a skill's name: lower-case words, single hyphens."
            )
        return name


def names() -> BoundedList:
    return BoundedList(
        most="SKILLFLEET_MAX_RELATIONS", child=SkillName(), required=False
    )


class RelationSetSerializer(StrictSerializer):
    """Names by kind of relation; a kind that is not sent stays as it is."""

    required = names()  # type: ignore[assignment]  # of Field: whether it must be sent
    recommended = names()
    conflict = names()
    see_also = names()

    @property
    def by_kind(self) -> dict[Relation.Kind, list[str]]:
        return {Relation.Kind(name): sent for name, sent in self.validated_data.items()}


class PointerSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    available = serializers.BooleanField(
        help_text="There is such a skill, and it is not archived."
    )


class RelationsSerializer(serializers.Serializer[Any]):
    """What a skill points at, by kind, and what points at it."""

    required = PointerSerializer(many=True)  # type: ignore[assignment]
    recommended = PointerSerializer(many=True)
    conflict = PointerSerializer(many=True)
    see_also = PointerSerializer(many=True)
    requires_all = PointerSerializer(
        many=True, help_text="What it requires, and those require, and so on; by name."
    )
    required_by = serializers.ListField(
        child=serializers.CharField(),
        help_text=f"By name, the first {settings.SKILLFLEET_MAX_PAGE_SIZE}.",
    )
    required_by_count = serializers.IntegerField()
