"""What validation says of a skill, in short."""

from typing import Any

from rest_framework import serializers

from taxonomy.serializers.validation import STATUSES


class VerdictSummarySerializer(serializers.Serializer[Any]):
    """Status, score and counts of findings; `POST …/validate` lists them."""

    status = serializers.ChoiceField(STATUSES)
    score = serializers.FloatField(help_text="0 to 1: the share of weighted checks.")
    errors = serializers.IntegerField()  # type: ignore[assignment]
    warnings = serializers.IntegerField()
    waived = serializers.IntegerField()
    judged_at = serializers.DateTimeField()


def verdict_of(source: str) -> VerdictSummarySerializer:
    """The field `validation` of something whose skill is at `source`, or is it."""
    return VerdictSummarySerializer(
        source=f"{source}.verdict" if source else "verdict",
        default=None,
        allow_null=True,
        help_text="Of the current version; null until it was validated here.",
    )
