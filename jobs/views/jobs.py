"""Jobs: the list, one job, its history, and what can be done with it."""

from typing import Any, ClassVar
from uuid import UUID

from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from cachelayer import cache_user_data
from core.pagination import CURSOR_PARAMS, NewestFirst, SizedPages
from jobs import lifecycle
from jobs.models import Job
from jobs.models.querysets import JobQuerySet
from jobs.permissions import LOGGED_IN
from jobs.serializers.jobs import (
    EventFilters,
    JobFilters,
    JobHistorySerializer,
    JobItemSerializer,
    JobSerializer,
    JobStatusSerializer,
    NothingSerializer,
)
from jobs.streams.frames import MEDIA_TYPE
from jobs.views.base import UNLISTED, person, visible_job
from jobs.views.streams import Streamed, stream_of, wants_stream

STATUS_TTL = 30
PAGE_SIZE = OpenApiParameter("page_size", int)
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID", int, OpenApiParameter.HEADER, description="Of streams: see above."
)
READ: dict[str, str | None] = {"GET": LOGGED_IN}
ACT: dict[str, str | None] = {"POST": LOGGED_IN}


class JobList(generics.ListAPIView[Job]):
    """GET /jobs"""

    serializer_class = JobItemSerializer
    pagination_class = NewestFirst
    required_permissions: ClassVar = READ
    query_params = CURSOR_PARAMS | frozenset(JobFilters().fields)

    @extend_schema(operation_id="jobs_list", parameters=[JobFilters])
    def get(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        """One's own jobs, newest first; an operator sees everyone's."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> JobQuerySet:
        filters = JobFilters(data=self.request.query_params)
        filters.is_valid(raise_exception=True)
        jobs: JobQuerySet = Job.objects.visible_to(self.request.user)
        shown = jobs.select_related("user").defer(*UNLISTED)
        return shown.filter(**filters.validated_data)


class JobDetail(APIView):
    """GET /jobs/{job_id}"""

    required_permissions: ClassVar = READ

    @extend_schema(operation_id="job", responses=JobSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        """A job with all that is known of it."""
        return Response(JobSerializer(visible_job(request, job_id)).data)


class JobStatus(APIView):
    """GET /jobs/{job_id}/status"""

    required_permissions: ClassVar = READ

    @extend_schema(operation_id="job_status", responses=JobStatusSerializer)
    @cache_user_data(ttl=STATUS_TTL)
    def get(self, request: Request, job_id: UUID) -> Response:
        """How far it is; what a client polls."""
        return Response(JobStatusSerializer(visible_job(request, job_id)).data)


class JobHistory(Streamed):
    """GET /jobs/{job_id}/events"""

    required_permissions: ClassVar = READ
    query_params = frozenset({"page_size", *EventFilters().fields})

    @extend_schema(
        operation_id="job_events",
        parameters=[EventFilters, PAGE_SIZE, LAST_EVENT_ID],
        responses={
            (200, "application/json"): JobHistorySerializer,
            (200, MEDIA_TYPE): OpenApiTypes.STR,
            204: OpenApiResponse(description="A stream of a job whose end was seen."),
        },
    )
    def get(self, request: Request, job_id: UUID) -> HttpResponseBase:
        """What happened to it, oldest first; `seq` counts without gaps.

        With `Accept: text/event-stream` the events come as they happen, until the
        job ends; `Last-Event-ID` goes on where a stream was cut.
        """
        job = visible_job(request, job_id)
        if wants_stream(request):
            return stream_of(request, job)
        filters = EventFilters(data=request.query_params)
        filters.is_valid(raise_exception=True)
        size = SizedPages().get_page_size(request)
        found = list(
            job.history.filter(seq__gt=filters.validated_data["after"])[: size + 1]
        )
        page: dict[str, Any] = {"next": None, "results": found[:size]}
        if len(found) > size:
            here = request.build_absolute_uri()
            page["next"] = replace_query_param(here, "after", found[size - 1].seq)
        return Response(JobHistorySerializer(page).data)


class JobVerb(APIView):
    """A POST to one job that needs no words."""

    required_permissions: ClassVar = ACT

    def job(self, request: Request, job_id: UUID) -> Job:
        job = visible_job(request, job_id)
        NothingSerializer(data=request.data).is_valid(raise_exception=True)
        return job


class JobCancel(JobVerb):
    """POST /jobs/{job_id}/cancel"""

    @extend_schema(
        operation_id="cancel_job", request=None, responses=JobStatusSerializer
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """End it at once; its open question is withdrawn."""
        job = lifecycle.cancel(self.job(request, job_id), by=person(request))
        return Response(JobStatusSerializer(job).data)


class JobRetry(JobVerb):
    """POST /jobs/{job_id}/retry"""

    @extend_schema(
        operation_id="retry_job", request=None, responses=JobStatusSerializer
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Put a failed job back to the phase that it failed in."""
        job = lifecycle.retry(self.job(request, job_id), by=person(request))
        return Response(JobStatusSerializer(job).data)
