"""Monitoring in the API: pending and stuck jobs, statistics, workers."""

from datetime import timedelta
from typing import Any, ClassVar

from drf_spectacular.utils import extend_schema, extend_schema_serializer
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from core.serializers import validated
from jobs.api.base import LOGGED_IN
from jobs.models import Job, Worker
from jobs.models.job import OPERATE
from jobs.monitoring import statistics, stuck

MAX_SECONDS = 10 * 366 * 24 * 3600
DEFAULT_LONG_SECONDS = 3600


@extend_schema_serializer(deprecate_fields=["plane"])
class WorkerSerializer(serializers.ModelSerializer[Worker]):
    """A worker of `Worker.objects.with_liveness()`."""

    alive = serializers.BooleanField(
        source="is_alive", help_text="Its last heartbeat is within one lease."
    )
    job_id = serializers.UUIDField(
        allow_null=True, help_text="The job that it runs; null: it waits for one."
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
        help_text="Seconds since its last heartbeat."
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
        help_text="How many seconds a job must run to be listed as `long`.",
    )


class PendingJobSerializer(serializers.ModelSerializer[Job]):
    """A job of the user that waits for an answer."""

    class Meta:
        model = Job
        fields = ("job_id", "task_description", "current_phase")
        read_only_fields = fields


class StatisticsSerializer(serializers.Serializer[Any]):
    """The jobs of one status.

    The seconds are from submission to the end (duration), within phases (active) and
    the rest (waiting); they are null if no job of the status has ended.
    """

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
        """Your own jobs that wait for an answer, the longest waiting first."""
        waiting = Job.objects.waiting_for(request.user).order_by("updated_at", "pk")
        jobs = waiting.only(*PendingJobSerializer.Meta.fields)
        return Response(PendingJobSerializer(jobs, many=True).data)


class JobStatistics(APIView):
    """GET /jobs/stats"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": LOGGED_IN}

    @extend_schema(operation_id="jobs_stats", responses=StatisticsSerializer(many=True))
    def get(self, request: Request) -> Response:
        """The number and durations of jobs by status, the largest number first."""
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
        """Dead jobs, which no worker will take, and jobs that run for long."""
        filters = validated(StuckFilters, request.query_params)
        rows = stuck(timedelta(seconds=filters.validated_data["older_than"]))
        return Response([row.as_json() for row in rows])


class Workers(APIView):
    """GET /workers"""

    required_permissions: ClassVar[dict[str, str | None]] = {"GET": OPERATE}

    @extend_schema(operation_id="workers", responses=WorkerSerializer(many=True))
    def get(self, request: Request) -> Response:
        """All worker processes by host, including those that died lately."""
        return Response(
            WorkerSerializer(Worker.objects.with_liveness(), many=True).data
        )
