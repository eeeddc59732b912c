"""What the terminal says of a job that has ended."""

from collections.abc import Iterator, Mapping
from typing import Any

from core.terminal import seconds
from jobs.models import Job
from jobs.refinement import changes


def closing(job: Job) -> Iterator[tuple[str, str]]:
    """(heading, text) pairs; a heading that repeats is left empty."""
    lasted = job.completed_at - job.created_at if job.completed_at else None
    after = f" after {seconds(lasted.total_seconds())}" if lasted else ""
    yield "Job", f"{job.status}{after}"
    if job.status == Job.Status.FAILED:
        yield "Error", job.error
        yield "Retry", f"POST /api/v1/jobs/{job.pk}/retry, or in the admin"
    if hasattr(job, "draft"):
        yield from _draft(job)
    yield from _list("Unanswered", (job.result or {}).get("unanswered", ()))


def _draft(job: Job) -> Iterator[tuple[str, str]]:
    url = f"/api/v1/drafts/{job.pk}"
    if job.draft_path:
        yield "Draft", job.draft_path
    yield "API", url
    if job.base:
        found = changes(job, job.draft.bundle.files())
        yield from _list("Changes", (f"{each.change} {each.path}" for each in found))
    if job.validation_status:
        score = "" if job.validation_score is None else f", {job.validation_score:.0%}"
        yield "Validation", f"{job.validation_status}{score}"
    result = job.result or {}
    yield from _list("Findings", _findings(result.get("validation", {})))
    yield from _list("Evals", map(_failure, result.get("failures", ())))
    if job.promoted:
        yield "Promoted", job.final_path
    elif job.status == Job.Status.COMPLETED:
        yield "Promote", f"POST {url}/promote (a curator), or in the admin"


def _list(heading: str, texts: Any) -> Iterator[tuple[str, str]]:
    for number, text in enumerate(texts):
        yield ("" if number else heading), str(text)


def _findings(report: Mapping[str, Any]) -> Iterator[str]:
    for finding in (*report.get("errors", ()), *report.get("warnings", ())):
        line = f":{finding['line']}" if finding.get("line") else ""
        place = f"{finding['file']}{line}: " if finding.get("file") else ""
        remedy = f" — {finding['remedy']}" if finding.get("remedy") else ""
        yield f"{finding.get('severity', '')} {place}{finding['message']}{remedy}"


def _failure(failure: Mapping[str, Any]) -> str:
    return ": ".join(
        filter(None, (failure["kind"], failure["text"], failure.get("reason")))
    )
