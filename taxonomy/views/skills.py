"""Skills: the list, one skill, and publishing it."""

from collections.abc import Mapping
from typing import Any, ClassVar

from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, status
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import add_cache_tags, cache_endpoint
from core.pagination import PAGE_PARAMS, Pages
from taxonomy.exceptions import SkillChanged
from taxonomy.models import Category, Skill
from taxonomy.models.label import Label
from taxonomy.models.skill import SkillQuerySet
from taxonomy.permissions import PUBLISH_SKILLS, READ_SKILLS
from taxonomy.search.facets import facets
from taxonomy.search.results import SearchResults, search
from taxonomy.serializers.skills import (
    PublishSerializer,
    SkillChangeSerializer,
    SkillDetailSerializer,
    SkillFilters,
    SkillFoundSerializer,
)
from taxonomy.views.base import SkillReading
from taxonomy.views.preconditions import IF_MATCH, based_on

LABEL_FILTERS = {
    "tag": Label.Kind.TAG,
    "keyword": Label.Kind.KEYWORD,
    "capability": Label.Kind.CAPABILITY,
    "tool": Label.Kind.TOOL,
    "facet": Label.Kind.FACET,
}
FIELD_FILTERS = ("type", "weight", "load_priority", "style", "status")


class SearchPages(Pages):
    """Pages of search results: the corrected query and facets stand beside them."""

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        page = super().get_paginated_response_schema(schema)
        count = {"value": {"type": "string"}, "count": {"type": "integer"}}
        page["properties"] |= {
            "corrected": {
                "type": "string",
                "nullable": True,
                "description": "The query as it was understood, if not as written.",
            },
            "facets": {
                "type": "object",
                "description": "With facets=true: by filter, how many each value has.",
                "additionalProperties": {
                    "type": "array",
                    "items": {"type": "object", "properties": count},
                },
            },
        }
        return page


class SkillList(SkillReading, generics.ListAPIView[Skill]):
    """GET /skills"""

    serializer_class = SkillFoundSerializer
    pagination_class = SearchPages
    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = PAGE_PARAMS | frozenset(SkillFilters().fields)

    @extend_schema(operation_id="skills_list", parameters=[SkillFilters])
    @cache_endpoint
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """Find skills: filtered, searched, page by page."""
        return self.list(request, *args, **kwargs)

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        filters = SkillFilters(data=request.query_params)
        filters.is_valid(raise_exception=True)
        wanted = filters.validated_data
        found = matching(self.readable().for_listing(), **wanted)
        page = self.paginate_queryset(found)  # type: ignore[arg-type]
        if isinstance(found, SearchResults):
            found.mark(page or [])
        response = self.get_paginated_response(
            self.get_serializer(page, many=True).data
        )
        response.data["corrected"] = getattr(found, "corrected", None)
        if wanted["facets"]:
            skills = found.skills() if isinstance(found, SearchResults) else found
            response.data["facets"] = facets(skills)
        return response


def matching(skills: SkillQuerySet, **wanted: str) -> SkillQuerySet | SearchResults:
    """The skills that all of `SkillFilters` let through, in their order."""
    skills = filtered(skills, wanted)
    order = (wanted["ordering"], "pk") if "ordering" in wanted else ()
    if "q" not in wanted:
        return skills.order_by(*order) if order else skills
    return search(skills, wanted["q"], *order)


def filtered(skills: SkillQuerySet, wanted: Mapping[str, str]) -> SkillQuerySet:
    for field in FIELD_FILTERS:
        if field in wanted:
            skills = skills.filter(**{field: wanted[field]})
    for field, kind in LABEL_FILTERS.items():
        if field in wanted:
            skills = skills.labelled(kind, wanted[field])
    if "validation" in wanted:
        skills = skills.filter(verdict__status=wanted["validation"])
    if "category" in wanted:
        skills = skills.within(Category.objects.named(wanted["category"]).path)
    if "path" in wanted:
        skills = skills.at(wanted["path"])
    return skills


class SkillDetail(SkillReading):
    """/skills/{ref}"""

    required_permissions: ClassVar[dict[str, str | None]] = {
        "GET": READ_SKILLS,
        "PUT": PUBLISH_SKILLS,
        "PATCH": PUBLISH_SKILLS,
        "DELETE": PUBLISH_SKILLS,
    }

    @extend_schema(operation_id="skill", responses=SkillDetailSerializer)
    @cache_endpoint(ttl=600)
    def get(self, request: Request, ref: str) -> Response:
        """A skill by its name, a former name or its UUID."""
        skill = self.skill(self.readable().for_detail())
        for relation in skill.relations.all():
            add_cache_tags(request, f"/skills/{relation.shown_name}/*")
        return Response(SkillDetailSerializer(skill).data)

    @extend_schema(
        operation_id="publish_skill",
        parameters=[
            OpenApiParameter(
                "If-Match", str, OpenApiParameter.HEADER, description=IF_MATCH
            )
        ],
        request=PublishSerializer,
        responses={200: SkillDetailSerializer, 201: SkillDetailSerializer},
    )
    def put(self, request: Request, ref: str) -> Response:
        """Publish a SKILL.md (`content`; other files stay) or a folder (`files`).

        201: a new skill. 200: a new version, or nothing new in these bytes. 409: it
        is not, or no longer, the version that this was based on.
        """
        serializer = PublishSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        edition = serializer.validated_data
        known = Skill.objects.filter(name=ref).select_related("current__bundle").first()
        current = known.current.bundle if known else None
        wanted = based_on(request, edition.get("based_on"))
        if wanted not in (None, current.pk if current else ""):
            raise SkillChanged
        if wanted is None and "content" in edition:
            wanted = current.pk if current else ""
        published = Skill.objects.publish(
            serializer.files_over(current.files() if current else ()),
            category=edition.get("category"),
            author=self.curator,
            number=edition.get("version"),
            change_summary=edition["change_summary"],
            name=ref,
            based_on=wanted,
        )
        code = status.HTTP_201_CREATED if published.created else status.HTTP_200_OK
        return Response(SkillDetailSerializer(published.skill).data, status=code)

    @extend_schema(
        operation_id="change_skill",
        request=SkillChangeSerializer,
        responses=SkillDetailSerializer,
    )
    def patch(self, request: Request, ref: str) -> Response:
        """Place, classify, label, rename, deprecate, archive or restore a skill."""
        skill = self.skill()
        serializer = SkillChangeSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        skill.revise(author=self.curator, labels=serializer.labels, **serializer.others)
        self.kwargs["ref"] = skill.name
        return Response(SkillDetailSerializer(self.skill()).data)

    @extend_schema(
        operation_id="archive_skill",
        responses={204: OpenApiResponse(description="Archived.")},
    )
    def delete(self, request: Request, ref: str) -> Response:
        """Archive it: its name stays taken, its versions stay."""
        self.skill().archive()
        return Response(status=status.HTTP_204_NO_CONTENT)
