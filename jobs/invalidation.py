"""What a change in this room retires."""

from typing import TYPE_CHECKING

from django.apps import apps

from cachelayer import invalidate_on_commit, invalidates
from cachelayer.transactions import backend

if TYPE_CHECKING:
    from jobs.models import Job


def invalidate_job(job: "Job") -> None:
    """Called by the one method that changes jobs, inside its transaction."""
    invalidate_on_commit(*where_it_shows(job))


def where_it_shows(job: "Job") -> list[str]:
    return [f"/jobs/{job.pk}/*"]


def declare() -> None:
    """For whoever saves, deletes or updates jobs by hand."""
    jobs = apps.get_app_config("jobs")
    invalidates(jobs.get_model("Job"), where_it_shows, collection=["/jobs/*"])
    invalidates(jobs.get_model("Draft"), ["/drafts/*"], collection=["/drafts/*"])


def invalidate_everything() -> None:
    """A process died, perhaps between its COMMIT and its bump: trust nothing."""
    backend().invalidate_all()
