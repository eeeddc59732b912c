"""What a change in this room retires."""

from typing import TYPE_CHECKING

from cachelayer.transactions import backend, retire

if TYPE_CHECKING:
    from jobs.models import Job


def retire_job(job: "Job") -> None:
    """Called by the one method that changes jobs, inside its transaction."""
    retire(f"/jobs/{job.pk}/*")


def retire_everything() -> None:
    """A process died, perhaps between its COMMIT and its bump: trust nothing."""
    backend().retire_all()
