"""What a change in this room retires."""

from typing import TYPE_CHECKING

from cachelayer import invalidates, retire
from cachelayer.transactions import backend

if TYPE_CHECKING:
    from jobs.models import Job


def retire_job(job: "Job") -> None:
    """Called by the one method that changes jobs, inside its transaction."""
    retire(*where_it_shows(job))


def where_it_shows(job: "Job") -> list[str]:
    return [f"/jobs/{job.pk}/*"]


def declare() -> None:
    """For whoever saves, deletes or updates jobs by hand."""
    from jobs.models import Job

    invalidates(Job, where_it_shows, collection=["/jobs/*"])


def retire_everything() -> None:
    """A process died, perhaps between its COMMIT and its bump: trust nothing."""
    backend().retire_all()
