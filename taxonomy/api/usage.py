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
from core.serializers import BoundedList, StrictSerializer, TextField
from taxonomy.api.base import SkillReading, requested_user
from taxonomy.api.quality import verdict_of
from taxonomy.models import Category
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.models.usage import MAX_CLIENT_CHARS, MAX_EVENT_ID_CHARS, Kind
from taxonomy.permissions import READ_ANALYTICS, READ_SKILLS
from taxonomy.recommendations import Reason, recommendations
from taxonomy.usage import analytics, record


class UsageEventSerializer(StrictSerializer):
    """One report."""

    id = TextField(
        max_length=MAX_EVENT_ID_CHARS,
        help_text="The client's own. Sent again, it does not count twice.",
    )
    skill = TextField(
        max_length=MAX_NAME_CHARS, help_text="Name, former name or UUID of a skill."
    )
    kind = serializers.ChoiceField(
        choices=Kind.choices,
        help_text="A use is used, succeeded or failed: one of them, once.",
    )
    at = serializers.DateTimeField(
        required=False, help_text="When it was; without it: now."
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
        help_text="The agent's or program's name.",
    )


class UsageBatchSerializer(StrictSerializer):
    events = BoundedList(
        child=UsageEventSerializer(),
        most="SKILLFLEET_MAX_USAGE_EVENTS",
        allow_empty=False,
    )


class RefusedEventSerializer(serializers.Serializer[Any]):
    index = serializers.IntegerField(help_text="Its place in the batch, from 0.")
    id = serializers.CharField()
    code = serializers.ChoiceField(choices=["unknown_skill", "too_early", "too_late"])
    detail = serializers.CharField()


class ReceiptSerializer(serializers.Serializer[Any]):
    recorded = serializers.IntegerField(help_text="On record now for the first time.")
    known = serializers.IntegerField(help_text="On record before; not counted again.")
    refused = RefusedEventSerializer(many=True)


class CountsSerializer(serializers.Serializer[Any]):
    """`uses` are those that succeeded, that failed, and whose end is not known."""

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
        allow_null=True, help_text="Of the uses whose end is known."
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
    unused = UnusedSerializer(help_text="Active skills, published before `since`.")


class RecommendationSerializer(serializers.Serializer[Any]):
    name = serializers.CharField(source="skill.name")
    path = serializers.CharField(source="skill.path")
    description = serializers.CharField(source="skill.description")
    validation = verdict_of("skill")
    reason = serializers.ChoiceField(choices=Reason.choices)
    because = serializers.ListField(child=serializers.CharField())
    count = serializers.IntegerField()
    text = serializers.CharField(help_text="The reason, for a person to read.")


class RecommendationsSerializer(serializers.Serializer[Any]):
    days = serializers.IntegerField(help_text="Whose usage it follows from.")
    recommendations = RecommendationSerializer(many=True)


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
