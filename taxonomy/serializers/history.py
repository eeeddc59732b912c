"""What is sent to, and comes from, the verbs on a skill's versions."""

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.serializers import StrictSerializer, TextField
from taxonomy.files.diffs import ADDED, CHANGED, REMOVED
from taxonomy.models import SkillVersion
from taxonomy.models.version import MAX_CHARS, MAX_REASON_CHARS, MAX_REF_CHARS
from taxonomy.serializers.files import VERSION_REF, FileItemSerializer
from taxonomy.serializers.verdicts import VerdictSummarySerializer


class RollbackSerializer(StrictSerializer):
    version = TextField(max_length=MAX_CHARS)


class YankSerializer(StrictSerializer):
    reason = TextField(
        required=False,
        allow_blank=True,
        default="",
        max_length=MAX_REASON_CHARS,
        help_text="Told to whoever asks for the version.",
    )


class DeprecateSerializer(YankSerializer):
    replacement = TextField(
        required=False,
        allow_null=True,
        default=None,
        max_length=64,
        help_text="An active skill to use instead: name, former name or UUID.",
    )


class DiffFilters(serializers.Serializer[Any]):
    """Query parameters of the comparison."""

    to = serializers.CharField(
        required=False, max_length=MAX_REF_CHARS, help_text=VERSION_REF
    )
    path = serializers.CharField(
        required=False, max_length=500, help_text="Of one file; without it of all."
    )

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        """`from` is a word of Python's."""
        former = serializers.CharField(
            required=False,
            max_length=MAX_REF_CHARS,
            help_text="Likewise; without it the one published before `to`.",
        )
        return {"from": former, **super().get_fields()}


class FileDiffSerializer(serializers.Serializer[Any]):
    """A file that differs; without `text`, `note` says why there is none."""

    path = serializers.CharField()
    change = serializers.ChoiceField((ADDED, REMOVED, CHANGED))
    text = serializers.CharField(help_text="A unified diff.")
    note = serializers.CharField()


class DiffSerializer(serializers.Serializer[Any]):
    to = serializers.CharField()
    files = FileDiffSerializer(many=True)

    def get_fields(self) -> dict[str, serializers.Field[Any, Any, Any, Any]]:
        return {
            "from": serializers.CharField(allow_null=True),
            **super().get_fields(),
        }


class VersionItemSerializer(serializers.ModelSerializer[SkillVersion]):
    """A version as the history shows it."""

    version = serializers.CharField(source="number")
    digest = serializers.CharField(source="bundle_id")
    current = serializers.BooleanField(source="is_current")
    author = serializers.CharField(
        source="author.username", default=None, allow_null=True
    )
    validation = serializers.SerializerMethodField()

    class Meta:
        model = SkillVersion
        fields: tuple[str, ...] = (
            "version",
            "current",
            "change_summary",
            "author",
            "created_at",
            "yanked_at",
            "yanked_reason",
            "digest",
            "validation",
        )

    @extend_schema_field(VerdictSummarySerializer(allow_null=True))
    def get_validation(self, version: SkillVersion) -> dict[str, Any] | None:
        """Of the current version alone: verdicts of others are not kept."""
        kept = getattr(version.skill, "verdict", None) if version.is_current else None
        return VerdictSummarySerializer(kept).data if kept else None


class VersionDetailSerializer(VersionItemSerializer):
    """A version with all that it says and the list of its files."""

    frontmatter = serializers.DictField()
    files = FileItemSerializer(many=True, source="sized_files")

    class Meta(VersionItemSerializer.Meta):
        fields = (*VersionItemSerializer.Meta.fields, "frontmatter", "body", "files")
