"""What clients report of the use of skills, and what is made of it."""

from typing import Any

from django.conf import settings
from rest_framework import serializers

from taxonomy.models.paths import MAX_NAME_CHARS
from taxonomy.models.usage import MAX_CLIENT_CHARS, MAX_EVENT_ID_CHARS, Kind
from taxonomy.serializers.strict import BoundedList, StrictSerializer, TextField


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
