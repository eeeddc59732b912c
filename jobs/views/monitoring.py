"""Which jobs wait for me, how long jobs take, which are stuck, and who works."""

from datetime import timedelta
from typing import ClassVar

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.models import Job, Worker
from jobs.monitoring import stuck
from jobs.permissions import LOGGED_IN, OPERATE
from jobs.serializers.jobs import (
    PendingJobSerializer,
    StatisticsSerializer,
    StuckFilters,
    StuckJobSerializer,
)
from jobs.serializers.workers import WorkerSerializer


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
        rows = Job.objects.visible_to(request.user).statistics()
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
        return Response(WorkerSerializer(Worker.objects.attended(), many=True).data)
