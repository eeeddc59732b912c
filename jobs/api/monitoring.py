"""Monitoring in the API: pending and stuck jobs, statistics, workers."""

from datetime import timedelta
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.api.base import LOGGED_IN
from jobs.models import Job, Worker
from jobs.models.job import OPERATE
from jobs.monitoring import statistics, stuck

MAX_SECONDS = 10 * 366 * 24 * 3600
DEFAULT_LONG_SECONDS = 3600


@extend_schema_serializer(deprecate_fields=["plane"])
class WorkerSerializer(serializers.ModelSerializer[Worker]):
    """A row of `Worker.objects.with_liveness()`."""

    alive = serializers.BooleanField(
        source="is_alive", help_text="Heard of within one lease."
    )
    job_id = serializers.UUIDField(
        allow_null=True, help_text="What it works on; null: it waits for work."
    )
    cache_host = serializers.CharField(
        help_text="The id of the stamp file it shares; empty with a cache server."
    )
    plane = serializers.CharField(
        source="cache_host",
        help_text="The former name of `cache_host`, kept for one release.",
    )
    age = serializers.SerializerMethodField(help_text="Seconds since it was started.")
    silence = serializers.SerializerMethodField(
        help_text="Seconds since it was last heard of."
    )

    class Meta:
        model = Worker
        fields = (
            "host",
            "pid",
            "cache_host",
            "plane",
            "alive",
            "job_id",
            "age",
            "silence",
        )
        read_only_fields = fields

    def get_age(self, worker: Any) -> int:
        return round(worker.age.total_seconds())

    def get_silence(self, worker: Any) -> int:
        return round(worker.silence.total_seconds())


class StuckFilters(serializers.Serializer[Any]):
    """Query parameters of the stuck jobs."""

    older_than = serializers.IntegerField(
        required=False,
        min_value=0,
        max_value=MAX_SECONDS,
        default=DEFAULT_LONG_SECONDS,
        help_text="From how many seconds on a running job counts as long.",
    )


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


class PendingJobs(APIView):
    """GET /jobs/pending"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}

    @extend_schema(
        operation_id="jobs_pending", responses=PendingJobSerializer(many=True)
    )
    def get(self, request: Request) -> Response:
        """One's own jobs that wait for an answer, the longest waiting first."""
        waiting = Job.objects.waiting_for(request.user).order_by("updated_at", "pk")
        shown = waiting.only(*PendingJobSerializer.Meta.fields)
        return Response(PendingJobSerializer(shown, many=True).data)


class JobStatistics(APIView):
    """GET /jobs/stats"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}

    @extend_schema(operation_id="jobs_stats", responses=StatisticsSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Per status: how many, and how long they took; the most frequent first."""
        rows = statistics(Job.objects.visible_to(request.user))
        return Response(StatisticsSerializer(rows, many=True).data)


class StuckJobs(APIView):
    """GET /jobs/stuck"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": OPERATE}
    query_params = frozenset(StuckFilters().fields)

    @extend_schema(
        operation_id="jobs_stuck",
        parameters=[StuckFilters],
        responses=StuckJobSerializer(many=True),
    )
    def get(self, request: Request) -> Response:
        """Jobs that nobody goes on with, and ones that run for long."""
        filters = StuckFilters(data=request.query_params)
        filters.is_valid(raise_exception=True)
        found = stuck(timedelta(seconds=filters.validated_data["older_than"]))
        return Response([row.as_json() for row in found])


class Workers(APIView):
    """GET /workers"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": OPERATE}

    @extend_schema(operation_id="workers", responses=WorkerSerializer(many=True))
    def get(self, request: Request) -> Response:
        """Every worker process, host by host; one unheard of is listed for a while."""
        return Response(
            WorkerSerializer(Worker.objects.with_liveness(), many=True).data
        )
