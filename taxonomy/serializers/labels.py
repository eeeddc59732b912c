"""Labels and facets as JSON."""

from typing import ClassVar

from rest_framework import serializers

from core.serializers import BoundedList, StrictSerializer, TextField
from taxonomy.models import FacetDefinition, Label, Skill
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.package import MAX_LABEL_CHARS

LABELS = {
    "keywords": Label.Kind.KEYWORD,
    "tags": Label.Kind.TAG,
    "capabilities": Label.Kind.CAPABILITY,
    "facets": Label.Kind.FACET,
}
"""Fields that people write, and the kind of each."""


def label_list() -> BoundedList:
    return BoundedList(
        most="SKILLFLEET_MAX_LABELS",
        child=TextField(max_length=MAX_LABEL_CHARS, trim_whitespace=True),
        required=False,
    )


def labels_of(skill: Skill, kind: Label.Kind) -> list[str]:
    """Sorted here: the labels of a list are there already, in one query."""
    return sorted(label.value for label in skill.labels.all() if label.kind == kind)


class LabelsSerializer(serializers.Serializer[Skill]):
    """All labels of a skill, by kind. Its tools come from its frontmatter alone."""

    keywords = serializers.SerializerMethodField()
    tags = serializers.SerializerMethodField()
    capabilities = serializers.SerializerMethodField()
    facets = serializers.SerializerMethodField()
    allowed_tools = serializers.SerializerMethodField()

    def get_keywords(self, skill: Skill) -> list[str]:
        return labels_of(skill, Label.Kind.KEYWORD)

    def get_tags(self, skill: Skill) -> list[str]:
        return labels_of(skill, Label.Kind.TAG)

    def get_capabilities(self, skill: Skill) -> list[str]:
        return labels_of(skill, Label.Kind.CAPABILITY)

    def get_facets(self, skill: Skill) -> list[str]:
        return labels_of(skill, Label.Kind.FACET)

    def get_allowed_tools(self, skill: Skill) -> list[str]:
        return labels_of(skill, Label.Kind.TOOL)


class LabelSetSerializer(StrictSerializer):
    """Labels by kind; a kind that is not sent stays as it is."""

    keywords = label_list()
    tags = label_list()
    capabilities = label_list()
    facets = label_list()

    def by_kind(self, sent: dict[str, list[str]]) -> dict[Label.Kind, list[str]]:
        return {kind: sent[name] for name, kind in LABELS.items() if name in sent}


class LabelChangeSerializer(StrictSerializer):
    """Labels to add and to remove; all others stay."""

    add = LabelSetSerializer(required=False)
    remove = LabelSetSerializer(required=False)

    def by_kind(self, field: str) -> dict[Label.Kind, list[str]]:
        return LabelSetSerializer().by_kind(self.validated_data.get(field, {}))


class FacetSerializer(serializers.ModelSerializer[FacetDefinition]):
    class Meta:
        model = FacetDefinition
        fields = ("name", "description", "values", "multiple")
        extra_kwargs: ClassVar = {"values": {"help_text": "Empty: any text."}}


class FacetChangeSerializer(StrictSerializer):
    description = TextField(required=False, max_length=1024, allow_blank=True)
    values = BoundedList(
        most="SKILLFLEET_MAX_FACET_VALUES",
        child=TextField(max_length=100, trim_whitespace=True),
        required=False,
        help_text="The texts that it may have; empty: any.",
    )
    multiple = serializers.BooleanField(
        required=False, help_text="Whether one skill may have several."
    )

    def validate_values(self, values: list[str]) -> list[str]:
        return sorted(set(values))


class FacetCreateSerializer(FacetChangeSerializer):
    name = TextField(max_length=MAX_NAME_CHARS)
