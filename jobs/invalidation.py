"""Which cached responses a change of a job or draft invalidates."""

from typing import TYPE_CHECKING

from django.apps import apps

from cachelayer import invalidate_on_commit, invalidates
from cachelayer.transactions import backend

if TYPE_CHECKING:
    from jobs.models import Job


def invalidate_job(job: "Job") -> None:
    """Invalidate the job's responses on commit; `Job._move` calls this."""
    invalidate_on_commit(*job_patterns(job))


def job_patterns(job: "Job") -> list[str]:
    return [f"/jobs/{job.pk}/*"]


def declare() -> None:
    """Declare what saving, deleting or updating a job or draft directly invalidates."""
    jobs = apps.get_app_config("jobs")
    invalidates(jobs.get_model("Job"), job_patterns, collection=["/jobs/*"])
    invalidates(jobs.get_model("Draft"), ["/drafts/*"], collection=["/drafts/*"])


def invalidate_everything() -> None:
    """Invalidate all entries of the cache after a process died.

    The process may have died between a COMMIT and the invalidation that follows it.
    """
    backend().invalidate_all()
