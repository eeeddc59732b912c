"""What is sent to, and comes from, the verbs on a skill's versions."""

from typing import Any

from rest_framework import serializers

from core.serializers import StrictSerializer, TextField
from taxonomy.files.archives import FORMS
from taxonomy.files.diffs import ADDED, CHANGED, REMOVED
from taxonomy.models.version import MAX_CHARS, MAX_REASON_CHARS, MAX_REF_CHARS

VERSION_REF = "Number or sha256:digest; without it the current one."


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


class DownloadFilters(serializers.Serializer[Any]):
    """Query parameters of an archive."""

    version = serializers.CharField(
        required=False, max_length=MAX_REF_CHARS, help_text=VERSION_REF
    )
    format = serializers.ChoiceField(sorted(FORMS), required=False, default="zip")
