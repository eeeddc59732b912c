"""Quality: what is sent to be looked at, and what is said of it."""

from typing import Any

from rest_framework import serializers

from core.serializers import TextField
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.serializers.files import FilesField
from taxonomy.serializers.validation import (
    CheckSerializer,
    FindingSerializer,
    ReportSerializer,
    ValidateSerializer,
)


class QualitySerializer(ValidateSerializer):
    """A SKILL.md, a folder, or a published skill; one of the three."""

    skill = TextField(
        required=False,
        max_length=MAX_NAME_CHARS,
        help_text="The name, a former name or the UUID of a published skill.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        sent = attrs.keys() & {"content", "files", "skill"}
        if len(sent) != 1:
            message = "Send one of content, files and skill."
            raise serializers.ValidationError({"content": [message]})
        return attrs


class AssessedCheckSerializer(CheckSerializer):
    findings = FindingSerializer(many=True)


class AssessmentSerializer(serializers.Serializer[Any]):
    """How good it is, whatever the rules say; `score` is of these checks alone."""

    score = serializers.FloatField(help_text="0 to 1: the share of weighted checks.")
    checks = AssessedCheckSerializer(many=True)
    suggestions = serializers.ListField(
        child=serializers.CharField(), help_text="What to do, the most weighty first."
    )


class ChangeSerializer(serializers.Serializer[Any]):
    file = serializers.CharField()
    rule = serializers.CharField()
    what = serializers.CharField()


class FixedSerializer(serializers.Serializer[Any]):
    """The files after the repairs, what was changed, and what is still to be done."""

    files = FilesField(help_text="Path → text, or an object for bytes.")
    changes = ChangeSerializer(many=True)
    report = ReportSerializer()
