"""What is said of a skill that nobody has published yet."""

from typing import Any

from rest_framework import serializers

from core.serializers import TextField
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.serializers.files import ContentSerializer

STATUSES = ["passed", "warnings", "failed"]


class ValidateSerializer(ContentSerializer):
    """A skill to be looked at."""

    name = TextField(
        required=False,
        max_length=MAX_NAME_CHARS,
        help_text="The folder's name, if there is one: the skill's must be equal.",
    )


class FindingSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    severity = serializers.ChoiceField(["critical", "error", "warning", "notice"])
    message = serializers.CharField()
    file = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    field = serializers.CharField(required=False)
    snippet = serializers.CharField(required=False)
    why = serializers.CharField(required=False)
    fingerprint = serializers.CharField(
        required=False, help_text="Of a finding of the scan: what a waiver names."
    )
    remedy = serializers.CharField()


class VerdictSerializer(serializers.Serializer[Any]):
    valid = serializers.BooleanField()
    errors = FindingSerializer(many=True)  # type: ignore[assignment]


class PortableSerializer(VerdictSerializer):
    warnings = FindingSerializer(many=True)


class CheckSerializer(serializers.Serializer[Any]):
    rule = serializers.CharField()
    title = serializers.CharField()
    weight = serializers.IntegerField()
    passed = serializers.BooleanField()


class ReportSerializer(serializers.Serializer[Any]):
    """The form of `Report.as_json`; for the schema alone."""

    passed = serializers.BooleanField()
    status = serializers.ChoiceField(STATUSES)
    score = serializers.FloatField(help_text="0 to 1: the share of weighted checks.")
    spec = VerdictSerializer()
    portable = PortableSerializer()
    errors = FindingSerializer(many=True)  # type: ignore[assignment]
    warnings = FindingSerializer(many=True)
    notices = FindingSerializer(many=True)
    waived = FindingSerializer(many=True)
    checks = CheckSerializer(many=True)
