"""Jobs in the API: list, detail, status, history and event stream, cancel and retry."""

from typing import Any, ClassVar
from uuid import UUID

from django.conf import settings
from django.db.models.functions import Length
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, OpenApiResponse, extend_schema
from rest_framework import generics, serializers
from rest_framework.exceptions import NotAcceptable, ValidationError
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param
from rest_framework.views import APIView

from cachelayer import cache_user_data
from core.pagination import CURSOR_PARAMS, NewestFirst, SizedPages
from core.serializers import validated
from jobs import lifecycle
from jobs.api.base import LOGGED_IN, UNLISTED, NothingSerializer, person, visible_job
from jobs.api.drafts import RefinedSerializer
from jobs.models import Job
from jobs.models.job import JobQuerySet
from jobs.streams.stream import MEDIA_TYPE, EventStream, JobEventSerializer, can_stream

MAX_SEQ = 2**31 - 1


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
        help_text="The `seq` of the last event that the client has.",
    )


class JobItemSerializer(serializers.ModelSerializer[Job]):
    """A job in a list."""

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
    """A job with all its fields."""

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
    """The status that clients poll; `result` and `error` may be null."""

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


class JobHistorySerializer(serializers.Serializer[Any]):
    """A page of the history; `next` is null on the last page."""

    next = serializers.CharField(allow_null=True)
    results = JobEventSerializer(many=True)


class EventStreamRenderer(BaseRenderer):
    """Marks a request for a stream. It renders nothing: errors are sent as JSON."""

    media_type = MEDIA_TYPE
    format = "events"


class StreamingView(APIView):
    """A view that can answer with an event stream; other responses are JSON."""

    renderer_classes = (JSONRenderer, EventStreamRenderer)

    def finalize_response(
        self, request: Request, response: Any, *args: Any, **kwargs: Any
    ) -> Any:
        response = super().finalize_response(request, response, *args, **kwargs)
        if isinstance(response, Response):
            response.accepted_renderer = JSONRenderer()
            response.accepted_media_type = JSONRenderer.media_type
        return response


def wants_stream(request: Request) -> bool:
    return isinstance(request.accepted_renderer, EventStreamRenderer)


def stream_of(request: Request, job: Job) -> HttpResponseBase:
    """The stream, or 204 if the client has all events; browsers then stay away."""
    after = last_seen(request)
    if not can_stream(request._request):
        raise NotAcceptable(streams_hint(), "not_streamed_here")
    if job.is_final and after >= job.events:
        return HttpResponse(status=204)
    return EventStream(job.pk, person(request).pk, after)


def last_seen(request: Request) -> int:
    """The `seq` of the last event that the client has. Raises ValidationError.

    A browser that reconnects sends it in the header; its URL has the first `after`.
    """
    if "page_size" in request.query_params:
        raise ValidationError(
            {"page_size": "Streams have no pages; leave this parameter out."}
        )
    header = request.headers.get("Last-Event-ID", "").strip()
    if not header:
        return _after(request.query_params.get("after", "0"))
    try:
        return _after(header)
    except ValidationError:
        raise ValidationError(
            {"Last-Event-ID": "Send the `id` of an event of this job: a number."}
        ) from None


def _after(text: str) -> int:
    filters = validated(EventFilters, {"after": text})
    return int(filters.validated_data["after"])


def streams_hint() -> str:
    """Where to request a stream, for a client of a server that cannot stream."""
    url = settings.SKILLFLEET_EVENTS_URL
    server = f"at {url}" if url else "by the ASGI application (skillfleet.asgi)"
    return f"Events are streamed {server}; here, request JSON with ?after=."


STATUS_TTL = 30
PAGE_SIZE = OpenApiParameter("page_size", int)
LAST_EVENT_ID = OpenApiParameter(
    "Last-Event-ID",
    int,
    OpenApiParameter.HEADER,
    description="For streams: the last event that the client has.",
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
        """Your own jobs, newest first; operators see all jobs."""
        return self.list(request, *args, **kwargs)

    def get_queryset(self) -> JobQuerySet:
        filters = validated(JobFilters, self.request.query_params)
        jobs: JobQuerySet = Job.objects.visible_to(self.request.user)
        listed = jobs.select_related("user").defer(*UNLISTED)
        return listed.filter(**filters.validated_data)


class JobDetail(APIView):
    """GET /jobs/{job_id}"""

    required_permissions: ClassVar = READ

    @extend_schema(operation_id="job", responses=JobSerializer)
    def get(self, request: Request, job_id: UUID) -> Response:
        """A job with all its fields."""
        return Response(JobSerializer(visible_job(request, job_id)).data)


class JobStatus(APIView):
    """GET /jobs/{job_id}/status"""

    required_permissions: ClassVar = READ

    @extend_schema(operation_id="job_status", responses=JobStatusSerializer)
    @cache_user_data(ttl=STATUS_TTL)
    def get(self, request: Request, job_id: UUID) -> Response:
        """The job's progress, for clients that poll."""
        return Response(JobStatusSerializer(visible_job(request, job_id)).data)


class JobHistory(StreamingView):
    """GET /jobs/{job_id}/events"""

    required_permissions: ClassVar = READ
    query_params = frozenset({"page_size", *EventFilters().fields})

    @extend_schema(
        operation_id="job_events",
        parameters=[EventFilters, PAGE_SIZE, LAST_EVENT_ID],
        responses={
            (200, "application/json"): JobHistorySerializer,
            (200, MEDIA_TYPE): OpenApiTypes.STR,
            204: OpenApiResponse(
                description="A stream was requested, and the client has all events."
            ),
        },
    )
    def get(self, request: Request, job_id: UUID) -> HttpResponseBase:
        """The job's events, oldest first; `seq` counts without gaps.

        With `Accept: text/event-stream` events are sent as they happen, until the job
        ends; `Last-Event-ID` resumes an interrupted stream.
        """
        job = visible_job(request, job_id)
        if wants_stream(request):
            return stream_of(request, job)
        filters = validated(EventFilters, request.query_params)
        size = SizedPages().get_page_size(request)
        events = list(
            job.history.filter(seq__gt=filters.validated_data["after"])[: size + 1]
        )
        page: dict[str, Any] = {"next": None, "results": events[:size]}
        if len(events) > size:
            url = request.build_absolute_uri()
            page["next"] = replace_query_param(url, "after", events[size - 1].seq)
        return Response(JobHistorySerializer(page).data)


class JobAction(APIView):
    """A POST to one job, without a body."""

    required_permissions: ClassVar = ACT

    def job(self, request: Request, job_id: UUID) -> Job:
        """The job of a valid request. Raises Http404 or ValidationError."""
        job = visible_job(request, job_id)
        validated(NothingSerializer, request.data)
        return job


class JobCancel(JobAction):
    """POST /jobs/{job_id}/cancel"""

    @extend_schema(
        operation_id="cancel_job", request=None, responses=JobStatusSerializer
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Cancel the job at once and withdraw its open question."""
        job = lifecycle.cancel(self.job(request, job_id), by=person(request))
        return Response(JobStatusSerializer(job).data)


class JobRetry(JobAction):
    """POST /jobs/{job_id}/retry"""

    @extend_schema(
        operation_id="retry_job", request=None, responses=JobStatusSerializer
    )
    def post(self, request: Request, job_id: UUID) -> Response:
        """Requeue a failed job in the phase in which it failed."""
        job = lifecycle.retry(self.job(request, job_id), by=person(request))
        return Response(JobStatusSerializer(job).data)
