"""Drafts as JSON, and what may be said about them."""

from typing import Any

from django.conf import settings
from django.db.models.functions import Length
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from core.serializers import FlagField, StrictSerializer, TextField
from jobs.models import Draft, Job
from jobs.refinement import changes
from taxonomy.api.files import FileItemSerializer
from taxonomy.api.versions import FileDiffSerializer
from taxonomy.exceptions import UnknownCategory
from taxonomy.models import BundleFile, Category
from taxonomy.models.address import MAX_NAME_CHARS, MAX_PATH_CHARS, SKILL_NAME
from taxonomy.package import is_reserved

SKILL_MD = "SKILL.md"
VERSION_CHARS = 64


class RefinedSerializer(serializers.Serializer[Any]):
    """The version that a refinement started from, and the one that is current now."""

    skill = serializers.CharField(source="skill.name")
    version = serializers.CharField(source="number")
    current_version = serializers.CharField(source="skill.current.number")


class DraftFilters(serializers.Serializer[Any]):
    """Query parameters of the list."""

    status = serializers.ChoiceField(Draft.Status.choices, required=False)


class DraftItemSerializer(serializers.ModelSerializer[Draft]):
    """A draft as lists show it."""

    job_id = serializers.UUIDField()
    user = serializers.CharField(source="job.user.username")
    job_status = serializers.ChoiceField(Job.Status.choices, source="job.status")
    name = serializers.CharField(source="job.skill_name")
    path = serializers.CharField(
        source="job.draft_path", help_text="Where in the taxonomy it is meant to go."
    )
    version = serializers.CharField(
        source="version.number", default=None, allow_null=True
    )
    digest = serializers.CharField(source="bundle_id")
    validation_passed = serializers.BooleanField(
        source="job.validation_passed", allow_null=True
    )
    validation_status = serializers.CharField(source="job.validation_status")
    validation_score = serializers.FloatField(
        source="job.validation_score", allow_null=True
    )

    class Meta:
        model = Draft
        fields: tuple[str, ...] = (
            "job_id",
            "user",
            "job_status",
            "status",
            "reason",
            "name",
            "path",
            "version",
            "digest",
            "validation_passed",
            "validation_status",
            "validation_score",
            "updated_at",
        )
        read_only_fields: tuple[str, ...] = fields


class DraftSerializer(DraftItemSerializer):
    """A draft with its files, and what validation says of them."""

    files = serializers.SerializerMethodField()
    skill_md = serializers.SerializerMethodField()
    validation = serializers.SerializerMethodField()
    refines = RefinedSerializer(source="job.base", allow_null=True)
    diff = serializers.SerializerMethodField(
        help_text="Of a refinement: what it changes in the current version."
    )

    class Meta(DraftItemSerializer.Meta):
        fields = (
            *DraftItemSerializer.Meta.fields,
            "files",
            "skill_md",
            "validation",
            "refines",
            "diff",
        )
        read_only_fields = fields

    @extend_schema_field(FileDiffSerializer(many=True, allow_null=True))
    def get_diff(self, draft: Draft) -> list[dict[str, Any]] | None:
        if draft.job.base is None:
            return None
        found = changes(draft.job, draft.bundle.files())
        return list(FileDiffSerializer(found, many=True).data)

    def get_files(self, draft: Draft) -> list[dict[str, Any]]:
        entries = BundleFile.objects.filter(bundle_id=draft.bundle_id)
        sized = entries.annotate(size=Length("blob__content")).order_by("path")
        return list(FileItemSerializer(sized, many=True).data)

    def get_skill_md(self, draft: Draft) -> str:
        file = draft.bundle.file(SKILL_MD)
        return file.content.decode(errors="replace") if file else ""

    def get_validation(self, draft: Draft) -> dict[str, Any] | None:
        return (draft.job.result or {}).get("validation")


class FileTextSerializer(StrictSerializer):
    content = TextField(allow_blank=True, help_text="The whole file, as text.")


class PromotionSerializer(StrictSerializer):
    """Where it goes, under which name and number; by default as the draft says."""

    taxonomy_path = TextField(
        required=False, allow_blank=True, default="", max_length=MAX_PATH_CHARS
    )
    name = TextField(
        required=False, allow_blank=True, default="", max_length=MAX_NAME_CHARS
    )
    version = TextField(
        required=False, allow_blank=True, default="", max_length=VERSION_CHARS
    )

    over_newer = FlagField(
        required=False,
        default=False,
        help_text="For a refinement: also over a version that came meanwhile.",
    )
    digest = TextField(
        required=False,
        allow_blank=True,
        default="",
        max_length=64,
        help_text="Of the content that was reviewed; 409 if it is another by now.",
    )

    def validate_taxonomy_path(self, value: str) -> str:
        try:
            return Category.objects.named(value).path if value else ""
        except UnknownCategory as error:
            raise serializers.ValidationError(error.fields["category"]) from None

    def validate_name(self, value: str) -> str:
        if value and not SKILL_NAME.fullmatch(value):
            raise serializers.ValidationError(
                "Write lower-case words with single hyphens between them: pdf-tools."
            )
        if is_reserved(value):
            raise serializers.ValidationError(f"{value!r} is reserved; choose another.")
        return value


class PromotedSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="promoted")
    skill = serializers.CharField()
    path = serializers.CharField()
    version = serializers.CharField()


class RejectionSerializer(StrictSerializer):
    reason = TextField(
        trim_whitespace=True,
        max_length=settings.SKILLFLEET_MAX_TASK_CHARS,
        help_text="For the author to read.",
    )


class RejectedSerializer(serializers.Serializer[Any]):
    status = serializers.CharField(help_text="rejected")
    reason = serializers.CharField()
