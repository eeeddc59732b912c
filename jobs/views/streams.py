"""A job's events as they happen, by the Accept header."""

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.http.response import HttpResponseBase
from rest_framework.exceptions import NotAcceptable, ValidationError
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from jobs.models import Job
from jobs.serializers.jobs import EventFilters
from jobs.streams.frames import MEDIA_TYPE
from jobs.streams.stream import EventStream, can_stream
from jobs.views.base import person


class EventStreamRenderer(BaseRenderer):
    """Only tells that the client asked for a stream; refusals of it are JSON."""

    media_type = MEDIA_TYPE
    format = "events"


class Streamed(APIView):
    """A view that answers with a stream, too."""

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
    """204 when the client has seen the job's end: browsers then stay away."""
    after = last_seen(request)
    if not can_stream(request._request):
        raise NotAcceptable(where_streams_are(), "not_streamed_here")
    if job.is_final and after >= job.events:
        return HttpResponse(status=204)
    return EventStream(job.pk, person(request).pk, after)


def last_seen(request: Request) -> int:
    """A browser that comes back sends the header, and the old `after` still."""
    if "page_size" in request.query_params:
        raise ValidationError({"page_size": "A stream has no pages; leave it out."})
    header = request.headers.get("Last-Event-ID", "").strip()
    if not header:
        return _after(request.query_params.get("after", "0"))
    try:
        return _after(header)
    except ValidationError:
        raise ValidationError(
            {"Last-Event-ID": "Send the `id` of an event of this job, a number."}
        ) from None


def _after(text: str) -> int:
    filters = EventFilters(data={"after": text})
    filters.is_valid(raise_exception=True)
    return int(filters.validated_data["after"])


def where_streams_are() -> str:
    url = settings.SKILLFLEET_EVENTS_URL
    place = f"at {url}" if url else "by the ASGI entry (skillfleet.asgi)"
    return f"Events are streamed {place}; here ask for application/json with ?after=."
