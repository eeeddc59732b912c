"""The list of skills that an agent reads."""

from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from cachelayer import cache_global_data
from taxonomy.models.paths import MAX_PATH_CHARS
from taxonomy.models.skill import Skill, SkillQuerySet
from taxonomy.packaging.available_skills import SkillEntry, render_available_skills
from taxonomy.permissions import READ_SKILLS
from taxonomy.serializers.skills import SkillFilters
from taxonomy.views.base import OneForm, SkillReading
from taxonomy.views.skills import matching

OMITTED = "X-Skills-Omitted"


class AvailableFilters(serializers.Serializer[Any]):
    """Query parameters of the list."""

    max_chars = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=10**9,
        help_text="What does not fit is left out whole.",
    )
    category = serializers.CharField(
        required=False,
        max_length=MAX_PATH_CHARS,
        help_text="A category's path; those below it are included.",
    )
    q = SkillFilters().fields["q"]


class AvailableSkills(SkillReading):
    """GET /taxonomy/xml"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset({"max_chars", "category", "q"})
    content_negotiation_class = OneForm

    @extend_schema(
        operation_id="available_skills",
        parameters=[
            AvailableFilters,
            OpenApiParameter(
                OMITTED,
                int,
                OpenApiParameter.HEADER,
                response=True,
                description="How many skills max_chars left out, if any.",
            ),
        ],
        responses={(200, "text/plain"): OpenApiResponse(str)},
    )
    @cache_global_data
    def get(self, request: Request) -> HttpResponse:
        """`<available_skills>` as agents read it: the active skills, by priority."""
        filters = AvailableFilters(data=request.query_params)
        filters.is_valid(raise_exception=True)
        wanted = dict(filters.validated_data)
        max_chars = wanted.pop("max_chars", None)
        skills: SkillQuerySet = matching(self.readable().active(), **wanted)
        text, omitted = render_available_skills(
            (self.entry(skill) for skill in skills), max_chars
        )
        answer = HttpResponse(text, content_type="text/plain; charset=utf-8")
        if omitted:
            answer[OMITTED] = str(omitted)
        return answer

    def entry(self, skill: Skill) -> SkillEntry:
        location = f"/api/v1/skills/{skill.name}/files/SKILL.md"
        return SkillEntry(
            name=skill.name,
            description=skill.description,
            location=self.request.build_absolute_uri(location),
            always=skill.load_priority == Skill.LoadPriority.ALWAYS,
        )
