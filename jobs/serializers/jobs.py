"""Jobs and their history as JSON."""

from typing import Any

from django.db.models.functions import Length
from rest_framework import serializers

from core.serializers import StrictSerializer
from jobs.models import Job, JobEvent
from jobs.serializers.drafts import RefinedSerializer

MAX_SEQ = 2**31 - 1
MAX_SECONDS = 10 * 366 * 24 * 3600
DEFAULT_LONG_SECONDS = 3600


class NothingSerializer(StrictSerializer):
    """The body of a verb that needs no words: empty, or an empty object."""


class JobFilters(serializers.Serializer[Any]):
    """Query parameters of the list."""

    status = serializers.ChoiceField(Job.Status.choices, required=False)
    job_type = serializers.ChoiceField(Job.Type.choices, required=False)


class EventFilters(serializers.Serializer[Any]):
    """Query parameters of a job's history."""

    after = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SEQ,
        default=0,
        help_text="The `seq` of the last event that is known already.",
    )


class StuckFilters(serializers.Serializer[Any]):
    """Query parameters of the stuck jobs."""

    older_than = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SECONDS,
        default=DEFAULT_LONG_SECONDS,
        help_text="From how many seconds on a running job counts as long.",
    )


class JobItemSerializer(serializers.ModelSerializer[Job]):
    """A job as lists show it."""

    user = serializers.CharField(source="user.username")
    draft_path = serializers.CharField()
    promoted = serializers.BooleanField()
    validation_passed = serializers.BooleanField(allow_null=True)

    class Meta:
        model = Job
        fields: tuple[str, ...] = (
            "job_id",
            "user",
            "job_type",
            "status",
            "task_description",
            "intended_taxonomy_path",
            "current_phase",
            "progress_message",
            "progress_percent",
            "error",
            "draft_path",
            "final_path",
            "promoted",
            "validation_passed",
            "validation_status",
            "validation_score",
            "created_at",
            "updated_at",
            "started_at",
            "completed_at",
        )
        read_only_fields: tuple[str, ...] = fields


class SourceSerializer(serializers.Serializer[Any]):
    name = serializers.CharField()
    media_type = serializers.CharField()
    characters = serializers.IntegerField()


class JobSerializer(JobItemSerializer):
    """A job with all that is known of it."""

    sources = serializers.SerializerMethodField()
    refines = RefinedSerializer(source="base", allow_null=True)

    class Meta(JobItemSerializer.Meta):
        fields = (
            *JobItemSerializer.Meta.fields,
            "task_description_refined",
            "user_context",
            "options",
            "round",
            "result",
            "error_stack",
            "crashes",
            "attempts",
            "run_after",
            "worker",
            "idempotency_key",
            "refines",
            "sources",
        )
        read_only_fields = fields

    def get_sources(self, job: Job) -> list[dict[str, Any]]:
        rows = job.sources.annotate(characters=Length("text")).defer("text")
        return list(SourceSerializer(rows, many=True).data)


class JobStatusSerializer(serializers.ModelSerializer[Job]):
    """What a client polls; `result` and `error` are null until there is one."""

    error = serializers.SerializerMethodField()

    class Meta:
        model = Job
        fields = (
            "job_id",
            "status",
            "current_phase",
            "progress_percent",
            "progress_message",
            "result",
            "error",
            "created_at",
            "completed_at",
        )
        read_only_fields = fields

    def get_error(self, job: Job) -> str | None:
        return job.error or None


class PendingJobSerializer(serializers.ModelSerializer[Job]):
    """A job that waits for me."""

    class Meta:
        model = Job
        fields = ("job_id", "task_description", "current_phase")
        read_only_fields = fields


class StatisticsSerializer(serializers.Serializer[Any]):
    """One status. Averages and percentiles of the seconds from submission to the end,
    of those in phases (active) and of the rest (waiting); null: none ended."""

    status = serializers.ChoiceField(Job.Status.choices)
    count = serializers.IntegerField()
    avg_duration_seconds = serializers.FloatField(allow_null=True)
    avg_active_seconds = serializers.FloatField(allow_null=True)
    avg_waiting_seconds = serializers.FloatField(allow_null=True)
    p50_duration_seconds = serializers.FloatField(allow_null=True)
    p50_active_seconds = serializers.FloatField(allow_null=True)
    p50_waiting_seconds = serializers.FloatField(allow_null=True)
    p95_duration_seconds = serializers.FloatField(allow_null=True)
    p95_active_seconds = serializers.FloatField(allow_null=True)
    p95_waiting_seconds = serializers.FloatField(allow_null=True)


class StuckJobSerializer(serializers.Serializer[Any]):
    job_id = serializers.UUIDField()
    kind = serializers.ChoiceField(("dead", "long"))
    current_phase = serializers.CharField()
    created_at = serializers.DateTimeField()
    age = serializers.IntegerField(help_text="Seconds since it was submitted.")
    crashes = serializers.IntegerField()
    worker = serializers.CharField()


class JobEventSerializer(serializers.ModelSerializer[JobEvent]):
    data = serializers.DictField()  # type: ignore[assignment]

    class Meta:
        model = JobEvent
        fields = ("seq", "kind", "phase", "data", "at")
        read_only_fields = fields


class JobHistorySerializer(serializers.Serializer[Any]):
    """A page of the history; `next` is null when there is no more for now."""

    next = serializers.CharField(allow_null=True)
    results = JobEventSerializer(many=True)
