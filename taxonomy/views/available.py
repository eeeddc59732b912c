"""The list of skills that an agent reads."""

from collections.abc import Iterable
from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from cachelayer import cache_global_data, cache_user_data
from taxonomy.available_skills import SkillEntry, render_available_skills
from taxonomy.models.address import MAX_PATH_CHARS
from taxonomy.models.skill import Skill
from taxonomy.permissions import READ_SKILLS
from taxonomy.profiles.outlook import Outlook
from taxonomy.profiles.ranking import ranked, shown_to
from taxonomy.search.results import search
from taxonomy.serializers.skills import SkillFilters
from taxonomy.views.base import OneForm, SkillReading, requested_user
from taxonomy.views.skills import filtered, matching

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
    user_id = serializers.CharField(
        required=False,
        max_length=20,
        help_text="As this person wants it: `me`, or for operators anyone's id.",
    )


class AvailableSkills(SkillReading):
    """GET /taxonomy/xml"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset({"max_chars", "category", "q", "user_id"})
    content_negotiation_class = OneForm

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """One address in two tiers: what is one person's is cached as theirs."""
        super().initial(request, *args, **kwargs)
        if "user_id" in request.query_params:
            self.get = self.head = self.get_for_person

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
        """`<available_skills>` as agents read it: the active skills, by priority.

        With `user_id`: without what the person hides, their own best first. With
        `q`, the best match comes first for everyone.
        """
        wanted = self.wanted()
        max_chars = wanted.pop("max_chars", None)
        return self.answer(matching(self.readable().active(), **wanted), max_chars)

    @cache_user_data
    def get_for_person(self, request: Request) -> HttpResponse:
        wanted = self.wanted()
        max_chars = wanted.pop("max_chars", None)
        wanted.pop("user_id", None)  # an empty one is none to a serializer
        person = requested_user(request, request.query_params["user_id"])
        outlook = Outlook.of(person)
        skills = filtered(self.readable().active(), wanted)
        if "q" in wanted:
            found = search(shown_to(outlook.profile, skills), wanted["q"])
            return self.answer(found, max_chars)
        return self.answer(ranked(skills, outlook.profile, outlook.used), max_chars)

    def wanted(self) -> dict[str, Any]:
        filters = AvailableFilters(data=self.request.query_params)
        filters.is_valid(raise_exception=True)
        return dict(filters.validated_data)

    def answer(self, skills: Iterable[Skill], max_chars: int | None) -> HttpResponse:
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
