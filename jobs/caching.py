"""What a change of a job retires."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.models import Job


def retire_job(job: "Job") -> None:
    """Called by the one method that changes jobs, inside its transaction."""


def retire_everything() -> None:
    """A process died between its COMMIT and its marks, perhaps: trust nothing."""
