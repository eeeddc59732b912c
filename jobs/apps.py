from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core.signals import request_started


class JobsConfig(AppConfig):
    name = "jobs"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from jobs import checks, invalidation  # noqa: F401 checks register themselves
        from jobs.models.job import job_event_recorded
        from jobs.streams.notifications import notify_listeners
        from jobs.webhooks.delivery import record_deliveries

        invalidation.declare()
        job_event_recorded.connect(notify_listeners)
        job_event_recorded.connect(record_deliveries)

        if settings.SKILLFLEET_JOBS == "inline":
            request_started.connect(work_on_jobs, dispatch_uid="jobs inline")


def work_on_jobs(**kwargs: Any) -> None:
    """Start the inline worker in a process that serves requests, or in its fork."""
    from jobs.engine import inline

    inline.start()
