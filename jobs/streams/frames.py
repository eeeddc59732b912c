"""Events as JSON, and in the wire format of Server-Sent Events (WHATWG HTML, 9.2)."""

from collections.abc import Iterable
from datetime import UTC

from django.utils import timezone
from rest_framework import serializers
from rest_framework.renderers import JSONRenderer

from jobs.models import JobEvent

MEDIA_TYPE = "text/event-stream"
OPENING = b"retry: 2000\n\n"
"""How many milliseconds a browser waits before it comes back."""
HEARTBEAT = b": still here\n\n"


class JobEventSerializer(serializers.ModelSerializer[JobEvent]):
    data = serializers.DictField()  # type: ignore[assignment]

    class Meta:
        model = JobEvent
        fields = ("seq", "kind", "phase", "data", "at")
        read_only_fields = fields


def frames(events: Iterable[JobEvent]) -> bytes:
    """The same JSON as in the list; its times are UTC on any thread."""
    with timezone.override(UTC):
        return b"".join(map(frame, events))


def frame(event: JobEvent) -> bytes:
    written = JSONRenderer().render(JobEventSerializer(event).data)
    return b"id: %d\nevent: %s\ndata: %s\n\n" % (
        event.seq,
        event.kind.encode(),
        written,
    )
