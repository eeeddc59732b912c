"""What every log line of a job's work can be found by."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from jobs.models import Job

FENCE_CHARS = 8
"""Enough to tell claims apart."""


def about(job: "Job", fence: str | None = None) -> str:
    """`job_id=… phase=… fence=…`; the fence in the row, unless one is given."""
    held = job.fence if fence is None else fence
    return f"job_id={job.pk} phase={job.current_phase} fence={held[:FENCE_CHARS]}"
