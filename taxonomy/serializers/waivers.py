"""Waivers of findings, of published skills and of drafts alike."""

from typing import Any

from rest_framework import serializers

from core.serializers import NumberField, StrictSerializer, TextField
from taxonomy.models.verdict import MAX_FILE_CHARS, MAX_REASON_CHARS
from taxonomy.skillmd.findings import Chosen

MAX_RULE_CHARS = 64


class WaiverSerializer(serializers.Serializer[Any]):
    """A finding that was accepted, by whom and why."""

    id = serializers.IntegerField()
    rule = serializers.CharField()
    severity = serializers.CharField(
        help_text="Then; the waiver does not hold when it is worse. Empty: it does."
    )
    file = serializers.CharField()
    line = serializers.IntegerField(allow_null=True)
    snippet = serializers.CharField()
    fingerprint = serializers.CharField()
    reason = serializers.CharField()
    person = serializers.CharField(source="person.username")
    granted_at = serializers.DateTimeField()
    revoked_at = serializers.DateTimeField(allow_null=True)
    revoked_by = serializers.CharField(
        source="revoked_by.username", default=None, allow_null=True
    )


class WaiveSerializer(StrictSerializer):
    """Which open findings of the scan are accepted: those that fit all that is sent."""

    rule = TextField(
        required=False, max_length=MAX_RULE_CHARS, help_text="scan.destructive"
    )
    file = TextField(required=False, max_length=MAX_FILE_CHARS)
    line = NumberField(required=False, min_value=1, max_value=10**9)
    fingerprint = TextField(
        required=False, max_length=64, help_text="Of one finding, as reports have it."
    )
    reason = TextField(
        trim_whitespace=True,
        max_length=MAX_REASON_CHARS,
        help_text="Why this is no risk here; for whoever reviews it next.",
    )

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        if not attrs.keys() & {"rule", "fingerprint"}:
            message = "Name a rule, or the fingerprint of a finding."
            raise serializers.ValidationError({"rule": [message]})
        return attrs

    @property
    def chosen(self) -> Chosen:
        sent = self.validated_data
        one = sent.get("fingerprint")
        return Chosen(
            rule=sent.get("rule", ""),
            file=sent.get("file", ""),
            line=sent.get("line"),
            fingerprints=() if one is None else (one,),
        )
