"""The labels of skills, and the facets that define some of them."""

from typing import Any, ClassVar

from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import cache_endpoint
from core.serializers import BoundedList, StrictSerializer, TextField, validated
from taxonomy.api.base import SkillAPIView
from taxonomy.models import FacetDefinition, Label, Skill
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.package import MAX_LABEL_CHARS
from taxonomy.permissions import (
    CHANGE_CATEGORIES,
    PUBLISH_SKILLS,
    READ_CATEGORIES,
    READ_SKILLS,
)

LABELS = {
    "keywords": Label.Kind.KEYWORD,
    "tags": Label.Kind.TAG,
    "capabilities": Label.Kind.CAPABILITY,
    "facets": Label.Kind.FACET,
}
"""The writable fields and their kinds."""


def label_list() -> BoundedList:
    return BoundedList(
        most="SKILLFLEET_MAX_LABELS",
        child=TextField(max_length=MAX_LABEL_CHARS, trim_whitespace=True),
        required=False,
    )


def labels_of(skill: Skill, kind: Label.Kind) -> list[str]:
    """Sorted here, as the labels are prefetched for the whole list in one query."""
    return sorted(label.value for label in skill.labels.all() if label.kind == kind)


class LabelsField(serializers.ListField):
    """The labels of a skill that are of one kind, sorted."""

    def __init__(self, kind: Label.Kind) -> None:
        super().__init__(source="*", read_only=True, child=serializers.CharField())
        self.kind = kind

    def to_representation(self, skill: Any) -> list[str]:
        return labels_of(skill, self.kind)


class LabelsSerializer(serializers.Serializer[Skill]):
    """All labels of a skill by kind. Tools can only be set in the frontmatter."""

    keywords = LabelsField(Label.Kind.KEYWORD)
    tags = LabelsField(Label.Kind.TAG)
    capabilities = LabelsField(Label.Kind.CAPABILITY)
    facets = LabelsField(Label.Kind.FACET)
    allowed_tools = LabelsField(Label.Kind.TOOL)


class LabelSetSerializer(StrictSerializer):
    """Labels by kind. Kinds that are not sent stay unchanged."""

    keywords = label_list()
    tags = label_list()
    capabilities = label_list()
    facets = label_list()

    def by_kind(self, sent: dict[str, list[str]]) -> dict[Label.Kind, list[str]]:
        return {kind: sent[name] for name, kind in LABELS.items() if name in sent}


class LabelChangeSerializer(StrictSerializer):
    """Labels to add and to remove. All others stay unchanged."""

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
        help_text="The allowed values; empty: any text.",
    )
    multiple = serializers.BooleanField(
        required=False, help_text="Whether a skill may have several values."
    )

    def validate_values(self, values: list[str]) -> list[str]:
        return sorted(set(values))


class FacetCreateSerializer(FacetChangeSerializer):
    name = TextField(max_length=MAX_NAME_CHARS)


class Labels(SkillAPIView):
    """/skills/{ref}/labels"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": READ_SKILLS,
        "PUT": PUBLISH_SKILLS,
        "PATCH": PUBLISH_SKILLS,
    }

    @extend_schema(operation_id="skill_labels", responses=LabelsSerializer)
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str) -> Response:
        """The skill's labels by kind."""
        return self.labels_response()

    @extend_schema(
        operation_id="set_labels",
        request=LabelSetSerializer,
        responses=LabelsSerializer,
    )
    def put(self, request: Request, ref: str) -> Response:
        """Replace the labels of each kind that is sent."""
        serializer = validated(LabelSetSerializer, request.data)
        labels = serializer.by_kind(serializer.validated_data)
        self.skill().revise(labels=labels)
        return self.labels_response()

    @extend_schema(
        operation_id="change_labels",
        request=LabelChangeSerializer,
        responses=LabelsSerializer,
    )
    def patch(self, request: Request, ref: str) -> Response:
        """Add and remove labels. All others stay unchanged."""
        serializer = validated(LabelChangeSerializer, request.data)
        self.skill().relabel(serializer.by_kind("add"), serializer.by_kind("remove"))
        return self.labels_response()

    def labels_response(self) -> Response:
        return Response(LabelsSerializer(self.skill()).data)


class Facets(APIView):
    """/facets"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": READ_CATEGORIES,
        "POST": CHANGE_CATEGORIES,
    }

    @extend_schema(operation_id="facets", responses=FacetSerializer(many=True))
    @cache_endpoint
    def get(self, request: Request) -> Response:
        """All facets with their allowed values."""
        return Response(FacetSerializer(FacetDefinition.objects.all(), many=True).data)

    @extend_schema(
        operation_id="define_facet",
        request=FacetCreateSerializer,
        responses={201: FacetSerializer},
    )
    def post(self, request: Request) -> Response:
        """Define a facet: a dimension whose values label skills, as language=python."""
        serializer = validated(FacetCreateSerializer, request.data)
        made = FacetDefinition.objects.define(**serializer.validated_data)
        return Response(FacetSerializer(made).data, status=status.HTTP_201_CREATED)


class Facet(APIView):
    """/facets/{name}"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "PATCH": CHANGE_CATEGORIES,
        "DELETE": CHANGE_CATEGORIES,
    }

    @extend_schema(
        operation_id="change_facet",
        request=FacetChangeSerializer,
        responses=FacetSerializer,
    )
    def patch(self, request: Request, name: str) -> Response:
        """Change the facet. Values that skills have cannot be disallowed."""
        facet = facet_named(name)
        serializer = validated(FacetChangeSerializer, request.data)
        facet.revise(**serializer.validated_data)
        return Response(FacetSerializer(facet).data)

    @extend_schema(
        operation_id="remove_facet",
        responses={204: OpenApiResponse(description="Removed.")},
    )
    def delete(self, request: Request, name: str) -> Response:
        """Remove a facet that no skill uses."""
        facet_named(name).remove()
        return Response(status=status.HTTP_204_NO_CONTENT)


def facet_named(name: str) -> FacetDefinition:
    facet = FacetDefinition.objects.filter(name=name).first()
    if facet is None:
        raise Http404(f"There is no facet {name[:80]!r}.")
    return facet
