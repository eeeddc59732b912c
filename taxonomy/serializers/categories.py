"""The tree of categories as JSON."""

from typing import Any

from django.conf import settings
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.serializers import NumberField, StrictSerializer, TextField
from taxonomy.models.address import MAX_PATH_CHARS
from taxonomy.serializers.verdicts import verdict_of

MAX_POSITION = 32_767


class CategorySerializer(serializers.Serializer[Any]):
    """One category."""

    path = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    position = serializers.IntegerField()
    aliases = serializers.ListField(child=serializers.CharField())


class BranchSkillSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    path = serializers.CharField()
    description = serializers.CharField()
    version = serializers.CharField(source="current.number")
    validation = verdict_of("")


class NodeSerializer(serializers.Serializer[Any]):
    """A category with the categories below it, to any depth."""

    path = serializers.CharField()
    name = serializers.CharField()
    description = serializers.CharField()
    position = serializers.IntegerField()
    skills = serializers.IntegerField(
        help_text="Active skills here and in every category below."
    )
    children = serializers.SerializerMethodField()

    @extend_schema_field(
        {"type": "array", "items": {"$ref": "#/components/schemas/Node"}}
    )
    def get_children(self, node: Any) -> Any:
        """As they are: nested nodes have this very form already."""
        return node["children"]


class TreeSerializer(serializers.Serializer[Any]):
    categories = NodeSerializer(many=True)


class BranchSerializer(CategorySerializer):
    """A category, the tree below it, and the first active skills right in it."""

    parent = serializers.CharField(allow_null=True)  # type: ignore[assignment]
    children = NodeSerializer(many=True)
    skills = BranchSkillSerializer(
        many=True, help_text=f"By name, the first {settings.SKILLFLEET_MAX_PAGE_SIZE}."
    )
    skills_count = serializers.IntegerField(
        help_text="All active skills right in the category."
    )
    skills_url = serializers.SerializerMethodField(
        help_text="Where all of them are read, page by page, with those of the"
        " categories below."
    )

    def get_skills_url(self, branch: dict[str, Any]) -> str:
        return f"/api/v1/skills?category={branch['path']}"


class CategoryCreateSerializer(StrictSerializer):
    path = TextField(max_length=MAX_PATH_CHARS)
    name = TextField(required=False, max_length=100, default="", allow_blank=True)
    description = TextField(
        required=False, max_length=1024, default="", allow_blank=True
    )
    position = NumberField(
        required=False, min_value=0, max_value=MAX_POSITION, default=0
    )


class MergeSerializer(StrictSerializer):
    into = TextField(
        max_length=MAX_PATH_CHARS,
        help_text="The path of the category that takes all that is in this one.",
    )


class CategoryChangeSerializer(StrictSerializer):
    """A new `path` moves or renames it, with all below; the former path resolves on."""

    path = TextField(required=False, max_length=MAX_PATH_CHARS)
    name = TextField(required=False, max_length=100)
    description = TextField(required=False, max_length=1024, allow_blank=True)
    position = NumberField(required=False, min_value=0, max_value=MAX_POSITION)
