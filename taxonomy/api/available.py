"""The `<available_skills>` list that agents read before they choose a skill."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from html import escape
from typing import Any, ClassVar

from django.http import HttpResponse
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import serializers
from rest_framework.request import Request

from cachelayer import cache_global_data, cache_user_data
from core.serializers import validated
from taxonomy.api.base import FixedNegotiation, SkillAPIView, requested_user
from taxonomy.api.skills import SkillFilters, filtered, matching
from taxonomy.models.address import MAX_PATH_CHARS
from taxonomy.models.skill import Skill
from taxonomy.permissions import READ_SKILLS
from taxonomy.profiles import Interests, ranked, without_hidden
from taxonomy.search.results import search

OPENING, CLOSING = "<available_skills>", "</available_skills>"
# XML 1.0 cannot contain these characters, not even escaped.
UNWRITABLE = re.compile(
    "[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]",
)


@dataclass(frozen=True)
class SkillEntry:
    """One skill of the list; `always` entries come before all others."""

    name: str
    description: str
    location: str
    always: bool = False


def render_available_skills(
    entries: Iterable[SkillEntry], max_chars: int | None = None
) -> tuple[str, int]:
    """The XML, and the number of entries that did not fit.

    `entries` are in order of preference. An entry that does not fit is left out, and
    the next ones are tried. The two outer lines are always written, even if
    `max_chars` is less.
    """
    room = None if max_chars is None else max_chars - len(f"{OPENING}\n{CLOSING}")
    blocks: list[str] = []
    omitted = 0
    for entry in sorted(entries, key=lambda entry: not entry.always):
        block = _block(entry)
        if room is not None and len(block) + 1 > room:
            omitted += 1
            continue
        room = None if room is None else room - len(block) - 1
        blocks.append(block)
    return "\n".join([OPENING, *blocks, CLOSING]), omitted


def _block(entry: SkillEntry) -> str:
    return "\n".join(
        (
            "<skill>",
            *_element("name", entry.name),
            *_element("description", entry.description),
            *_element("location", entry.location),
            "</skill>",
        )
    )


def _element(tag: str, text: str) -> tuple[str, str, str]:
    return f"<{tag}>", escape(UNWRITABLE.sub("\ufffd", text)), f"</{tag}>"


OMITTED = "X-Skills-Omitted"


class AvailableFilters(serializers.Serializer[Any]):
    """Query parameters of the list."""

    max_chars = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=10**9,
        help_text="Skills that do not fit are omitted.",
    )
    category = serializers.CharField(
        required=False,
        max_length=MAX_PATH_CHARS,
        help_text="A category's path; its subcategories are included.",
    )
    q = SkillFilters().fields["q"]
    user_id = serializers.CharField(
        required=False,
        max_length=20,
        help_text="For this person: `me` or, for operators, any user's id.",
    )


class AvailableSkills(SkillAPIView):
    """GET /taxonomy/xml"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset({"max_chars", "category", "q", "user_id"})
    content_negotiation_class = FixedNegotiation

    def initial(self, request: Request, *args: Any, **kwargs: Any) -> None:
        """With `user_id` the answer is cached per user, otherwise for everyone."""
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
                description="How many skills were omitted because of max_chars.",
            ),
        ],
        responses={(200, "text/plain"): OpenApiResponse(str)},
    )
    @cache_global_data
    def get(self, request: Request) -> HttpResponse:
        """The active skills as `<available_skills>`, by priority.

        With `user_id`, skills that the person hides are omitted, and their best ones
        come first. With `q`, the best matches come first.
        """
        filters = self.filters()
        max_chars = filters.pop("max_chars", None)
        return self.answer(matching(self.readable().active(), **filters), max_chars)

    @cache_user_data
    def get_for_person(self, request: Request) -> HttpResponse:
        filters = self.filters()
        max_chars = filters.pop("max_chars", None)
        filters.pop("user_id", None)  # the serializer drops an empty one
        person = requested_user(request, request.query_params["user_id"])
        interests = Interests.of(person)
        skills = filtered(self.readable().active(), filters)
        if "q" in filters:
            results = search(without_hidden(interests.profile, skills), filters["q"])
            return self.answer(results, max_chars)
        return self.answer(ranked(skills, interests.profile, interests.used), max_chars)

    def filters(self) -> dict[str, Any]:
        filters = validated(AvailableFilters, self.request.query_params)
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
