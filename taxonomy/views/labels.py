"""The words that skills are filtered by, and the facets that some of them must be."""

from typing import ClassVar

from django.http import Http404
from drf_spectacular.utils import OpenApiResponse, extend_schema
from rest_framework import status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from cachelayer import cache_endpoint
from taxonomy.models import FacetDefinition
from taxonomy.permissions import (
    CHANGE_CATEGORIES,
    PUBLISH_SKILLS,
    READ_CATEGORIES,
    READ_SKILLS,
)
from taxonomy.serializers.labels import (
    FacetChangeSerializer,
    FacetCreateSerializer,
    FacetSerializer,
    LabelChangeSerializer,
    LabelSetSerializer,
    LabelsSerializer,
)
from taxonomy.views.base import SkillReading


class Labels(SkillReading):
    """/skills/{ref}/labels"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": READ_SKILLS,
        "PUT": PUBLISH_SKILLS,
        "PATCH": PUBLISH_SKILLS,
    }

    @extend_schema(operation_id="skill_labels", responses=LabelsSerializer)
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str) -> Response:
        """Its labels by kind."""
        return self.shown()

    @extend_schema(
        operation_id="set_labels",
        request=LabelSetSerializer,
        responses=LabelsSerializer,
    )
    def put(self, request: Request, ref: str) -> Response:
        """Replace the labels of each kind that is sent."""
        serializer = LabelSetSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        wanted = serializer.by_kind(serializer.validated_data)
        self.skill().revise(labels=wanted)
        return self.shown()

    @extend_schema(
        operation_id="change_labels",
        request=LabelChangeSerializer,
        responses=LabelsSerializer,
    )
    def patch(self, request: Request, ref: str) -> Response:
        """Add and remove labels; all others stay."""
        serializer = LabelChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        self.skill().relabel(serializer.by_kind("add"), serializer.by_kind("remove"))
        return self.shown()

    def shown(self) -> Response:
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
        """Every facet, with the values that labels of it may have."""
        return Response(FacetSerializer(FacetDefinition.objects.all(), many=True).data)

    @extend_schema(
        operation_id="define_facet",
        request=FacetCreateSerializer,
        responses={201: FacetSerializer},
    )
    def post(self, request: Request) -> Response:
        """Define a facet: a dimension that labels say a value of, language=python."""
        serializer = FacetCreateSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
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
        """Change what it means; not so that it would forbid what skills have."""
        facet = facet_named(name)
        serializer = FacetChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        facet.revise(**serializer.validated_data)
        return Response(FacetSerializer(facet).data)

    @extend_schema(
        operation_id="remove_facet",
        responses={204: OpenApiResponse(description="Removed.")},
    )
    def delete(self, request: Request, name: str) -> Response:
        """Remove a facet that no skill has a value of."""
        facet_named(name).remove()
        return Response(status=status.HTTP_204_NO_CONTENT)


def facet_named(name: str) -> FacetDefinition:
    facet = FacetDefinition.objects.filter(name=name).first()
    if facet is None:
        raise Http404(f"There is no facet {name[:80]!r}.")
    return facet
