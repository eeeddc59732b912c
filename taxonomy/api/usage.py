"""Usage reports from clients, analytics and recommendations."""

from typing import Any, ClassVar, cast

from django.conf import settings
from django.contrib.auth.models import User
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response

from cachelayer import add_cache_tags, cache_global_data, cache_user_data
from core.pagination import requested_number
from core.serializers import BoundedList, StrictSerializer, TextField, validated
from taxonomy.api.base import SkillAPIView, requested_user
from taxonomy.api.quality import verdict_of
from taxonomy.models import Category
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.models.usage import MAX_CLIENT_CHARS, MAX_EVENT_ID_CHARS, Kind
from taxonomy.permissions import READ_ANALYTICS, READ_SKILLS
from taxonomy.recommendations import Reason, recommendations
from taxonomy.usage import analytics, record


class UsageEventSerializer(StrictSerializer):
    """A report of one use."""

    id = TextField(
        max_length=MAX_EVENT_ID_CHARS,
        help_text="Chosen by the client. An id that is sent twice counts once.",
    )
    skill = TextField(
        max_length=MAX_NAME_CHARS, help_text="Name, former name or UUID of a skill."
    )
    kind = serializers.ChoiceField(
        choices=Kind.choices,
        help_text="Report each use once: as used, succeeded or failed.",
    )
    at = serializers.DateTimeField(
        required=False, help_text="When it happened (default: now)."
    )
    task = TextField(
        required=False,
        allow_blank=True,
        max_length=settings.SKILLFLEET_MAX_USAGE_TASK_CHARS,
        help_text="What the skill was used for.",
    )
    client = TextField(
        required=False,
        allow_blank=True,
        max_length=MAX_CLIENT_CHARS,
        help_text="The name of the agent or program.",
    )


class UsageBatchSerializer(StrictSerializer):
    events = BoundedList(
        child=UsageEventSerializer(),
        most="SKILLFLEET_MAX_USAGE_EVENTS",
        allow_empty=False,
    )


class RefusedEventSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Position in the batch, from 0.")
    id = serializers.CharField()
    code = serializers.ChoiceField(choices=["unknown_skill", "too_early", "too_late"])
    detail = serializers.CharField()


class ReceiptSerializer(serializers.Serializer[Any]):
    recorded = serializers.IntegerField(help_text="New events.")
    known = serializers.IntegerField(
        help_text="Events that were recorded before and are not counted again."
    )
    refused = RefusedEventSerializer(many=True)


class CountsSerializer(serializers.Serializer[Any]):
    """`uses` includes those that succeeded, failed, or have no known outcome."""

    uses = serializers.IntegerField()
    succeeded = serializers.IntegerField()
    failed = serializers.IntegerField()
    read = serializers.IntegerField()
    installed = serializers.IntegerField()


class TotalsSerializer(CountsSerializer):
    people = serializers.IntegerField()
    skills = serializers.IntegerField()


class DayCountsSerializer(CountsSerializer):
    day = serializers.DateField()
    people = serializers.IntegerField()


class SkillCountsSerializer(CountsSerializer):
    name = serializers.CharField()
    path = serializers.CharField()
    people = serializers.IntegerField()
    success_rate = serializers.FloatField(
        allow_null=True, help_text="Among uses with a known outcome."
    )


class CategoryCountsSerializer(CountsSerializer):
    path = serializers.CharField()


class UnusedSerializer(serializers.Serializer[Any]):
    count = serializers.IntegerField()
    oldest = serializers.ListField(child=serializers.CharField())


class AnalyticsSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField()
    since = serializers.DateField(help_text="The first day (UTC).")
    totals = TotalsSerializer()
    by_day = DayCountsSerializer(many=True)
    skills = SkillCountsSerializer(many=True)
    categories = CategoryCountsSerializer(many=True)
    unused = UnusedSerializer(
        help_text="Active skills that were published before `since`."
    )


class RecommendationSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(source="skill.name")
    path = serializers.CharField(source="skill.path")
    description = serializers.CharField(source="skill.description")
    validation = verdict_of("skill")
    reason = serializers.ChoiceField(choices=Reason.choices)
    because = serializers.ListField(child=serializers.CharField())
    count = serializers.IntegerField()
    text = serializers.CharField(help_text="The reason as a sentence.")


class RecommendationsSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(
        help_text="The number of days whose usage is considered."
    )
    recommendations = RecommendationSerializer(many=True)


SKILL_TAGS = "/taxonomy/*"
"""The answers contain names and paths of skills, whose changes invalidate this tag."""
DAYS = 30
MOST, MOST_RECOMMENDED = 20, 10


class Usage(SkillAPIView):
    """POST /usage"""

    required_permissions: ClassVar[dict[str, str | None]] = {"POST": READ_SKILLS}

    @extend_schema(
        operation_id="report_usage",
        request=UsageBatchSerializer,
        responses=ReceiptSerializer,
    )
    def post(self, request: Request) -> Response:
        """Report the use of skills, up to many events at a time.

        A malformed batch is refused as a whole. In a well-formed one, events that
        cannot be recorded (an unknown skill, a wrong clock) are listed in `refused`,
        and all others are recorded.
        """
        serializer = validated(UsageBatchSerializer, request.data)
        receipt = record(
            cast(User, request.user),
            self.readable(),
            serializer.validated_data["events"],
        )
        return Response(ReceiptSerializer(receipt).data)


class Analytics(SkillAPIView):
    """GET /analytics"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_ANALYTICS}
    query_params = frozenset({"days", "limit", "category"})

    @extend_schema(
        operation_id="analytics",
        parameters=[
            OpenApiParameter(
                "days", int, description="The last so many days (default: 30)."
            ),
            OpenApiParameter(
                "limit",
                int,
                description="How many skills and categories (default: 20).",
            ),
            OpenApiParameter(
                "category", str, description="The path of a category: only this branch."
            ),
        ],
        responses=AnalyticsSerializer,
    )
    @cache_global_data
    def get(self, request: Request) -> Response:
        """Usage counts of the fleet; for curators and operators."""
        days = requested_number(
            request, "days", DAYS, settings.SKILLFLEET_USAGE_COUNT_DAYS
        )
        most = requested_number(
            request, "limit", MOST, settings.SKILLFLEET_MAX_PAGE_SIZE
        )
        visible = self.readable()
        if "category" in request.query_params:
            branch = Category.objects.named(request.query_params["category"])
            visible = visible.within(branch.path)
        add_cache_tags(request, SKILL_TAGS)
        return Response(AnalyticsSerializer(analytics(visible, days, most)).data)


class Recommendations(SkillAPIView):
    """GET /analytics/recommendations"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": READ_SKILLS}
    query_params = frozenset({"limit"})

    @extend_schema(
        operation_id="recommendations",
        parameters=[
            OpenApiParameter(
                "limit", int, description="How many for each reason (default: 10)."
            )
        ],
        responses=RecommendationsSerializer,
    )
    @cache_user_data
    def get(self, request: Request) -> Response:
        """Skills recommended to the requesting user, and ones that they do not use."""
        most = requested_number(
            request, "limit", MOST_RECOMMENDED, settings.SKILLFLEET_PAGE_SIZE
        )
        person = requested_user(request, "me")
        add_cache_tags(request, SKILL_TAGS)
        answer: dict[str, Any] = {
            "days": settings.SKILLFLEET_USAGE_WINDOW_DAYS,
            "recommendations": recommendations(person, self.readable(), most),
        }
        return Response(RecommendationsSerializer(answer).data)
