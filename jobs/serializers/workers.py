"""Workers as JSON."""

from typing import Any

from rest_framework import serializers

from jobs.models import Worker


class WorkerSerializer(serializers.ModelSerializer[Worker]):
    """A row of `Worker.objects.attended()`."""

    alive = serializers.BooleanField(
        source="is_alive", help_text="Heard of within one lease."
    )
    job_id = serializers.UUIDField(
        allow_null=True, help_text="What it works on; null: it waits for work."
    )
    plane = serializers.CharField(
        help_text="The stamp file it shares; empty with a cache server."
    )
    age = serializers.SerializerMethodField(help_text="Seconds since it was started.")
    silence = serializers.SerializerMethodField(
        help_text="Seconds since it was last heard of."
    )

    class Meta:
        model = Worker
        fields = ("host", "pid", "plane", "alive", "job_id", "age", "silence")
        read_only_fields = fields

    def get_age(self, worker: Any) -> int:
        return round(worker.age.total_seconds())

    def get_silence(self, worker: Any) -> int:
        return round(worker.silence.total_seconds())
