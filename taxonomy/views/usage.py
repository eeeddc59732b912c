"""Usage: reported by clients, and shown as figures of the fleet."""

from typing import Any, ClassVar, cast

from django.conf import settings
from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import add_cache_tags, cache_global_data, cache_user_data
from core.pagination import requested_number
from taxonomy.models import Category
from taxonomy.permissions import READ_ANALYTICS, READ_SKILLS
from taxonomy.serializers.usage import (
    AnalyticsSerializer,
    ReceiptSerializer,
    RecommendationsSerializer,
    UsageBatchSerializer,
)
from taxonomy.usage.analytics import analytics
from taxonomy.usage.recommendations import recommendations
from taxonomy.usage.recording import record
from taxonomy.views.base import SkillReading, requested_user

SHOWN = "/taxonomy/*"
"""Names and paths of skills are shown; any change of them retires this."""
DAYS = 30
MOST, MOST_RECOMMENDED = 20, 10


class Usage(SkillReading):
    """POST /usage"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    @extend_schema(
        operation_id="report_usage",
        request=UsageBatchSerializer,
        responses=ReceiptSerializer,
    )
    def post(self, request: Request) -> Response:
        """Report what was done with skills, many events at a time.

        A batch that is not well formed is refused whole. In one that is, events that
        cannot be kept (a skill that is not there, a clock that is wrong) are told in
        `refused`, and all others are kept.
        """
        serializer = UsageBatchSerializer(data=request.data)
        serializer.is_valid(raise_exception=True)
        receipt = record(
            cast(User, request.user),
            self.readable(),
            serializer.validated_data["events"],
        )
        return Response(ReceiptSerializer(receipt).data)


class Analytics(SkillReading):
    """GET /analytics"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_ANALYTICS}
    query_params = frozenset({"days", "limit", "category"})

    @extend_schema(
        operation_id="analytics",
        parameters=[
            OpenApiParameter("days", int, description="The last so many; 30."),
            OpenApiParameter("limit", int, description="Skills and categories; 20."),
            OpenApiParameter(
                "category", str, description="A path: of this branch alone."
            ),
        ],
        responses=AnalyticsSerializer,
    )
    @cache_global_data
    def get(self, request: Request) -> Response:
        """What the fleet uses, in counts; for curators and operators."""
        days = requested_number(
            request, "days", DAYS, settings.SKILLFLEET_USAGE_COUNT_DAYS
        )
        most = requested_number(
            request, "limit", MOST, settings.SKILLFLEET_MAX_PAGE_SIZE
        )
        seen = self.readable()
        if "category" in request.query_params:
            place = Category.objects.named(request.query_params["category"])
            seen = seen.within(place.path)
        add_cache_tags(request, SHOWN)
        return Response(AnalyticsSerializer(analytics(seen, days, most)).data)


class Recommendations(SkillReading):
    """GET /analytics/recommendations"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset({"limit"})

    @extend_schema(
        operation_id="recommendations",
        parameters=[OpenApiParameter("limit", int, description="For each reason; 10.")],
        responses=RecommendationsSerializer,
    )
    @cache_user_data
    def get(self, request: Request) -> Response:
        """What oneself may want next, and what one holds without using it."""
        most = requested_number(
            request, "limit", MOST_RECOMMENDED, settings.SKILLFLEET_PAGE_SIZE
        )
        person = requested_user(request, "me")
        add_cache_tags(request, SHOWN)
        found: dict[str, Any] = {
            "days": settings.SKILLFLEET_USAGE_WINDOW_DAYS,
            "recommendations": recommendations(person, self.readable(), most),
        }
        return Response(RecommendationsSerializer(found).data)
