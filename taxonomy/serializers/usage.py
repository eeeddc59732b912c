"""What clients report of the use of skills, and what is made of it."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from core.serializers import BoundedList, StrictSerializer, TextField
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.models.usage import MAX_CLIENT_CHARS, MAX_EVENT_ID_CHARS, Kind
from taxonomy.serializers.verdicts import verdict_of
from taxonomy.usage.recommendations import Reason


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
