"""What queue messages run."""

from jobs.engine.retry import patiently
from jobs.models import Job
from jobs.webhooks import delivery
from jobs.worker import this_worker


def process_skill_job(job_id: str) -> bool:
    """Advance the job by one phase; a job that is gone or taken is let be."""
    job = patiently(lambda: Job.objects.filter(pk=job_id).first(), "read")
    return job is not None and this_worker().process_job(job)


def deliver_webhooks() -> None:
    """A thread beside this worker does it: no job waits for a receiver."""
    delivery.courier.call()
