"""The admin's index page: open questions, running and failed jobs, drafts, workers."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

from django.contrib.auth.models import User
from django.db.models import Count
from django.db.models.functions import Now
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html

from core.admin.base import Panel, link_to
from jobs.admin.base import link_to_job, shortened
from jobs.models import Draft, Job, Worker
from jobs.models.draft import PROMOTE
from jobs.models.job import OPERATE, SUBMIT
from jobs.monitoring import how_to_start_a_worker, queue_status, stuck
from taxonomy.models import Skill
from taxonomy.permissions import PUBLISH_SKILLS
from taxonomy.validation import outdated_skills

MAX_ROWS = 8
RECENT = timedelta(days=7)
LONG = timedelta(hours=1)


class Tile(NamedTuple):
    title: str
    number: int
    link: str


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """The theme's callback; it makes a fixed number of queries."""
    user: User = request.user  # type: ignore[assignment]
    context |= {"title": "Dashboard", "tiles": list(tiles(user))}
    context |= {"warning": "", "panels": []}
    if any(map(user.has_perm, (SUBMIT, OPERATE, PROMOTE))):
        context["warning"] = missing_worker()
        context["panels"] = list(panels(user))
    return context


def missing_worker() -> str:
    """A warning that no worker is alive, or an empty text."""
    status = queue_status()
    if status.workers_alive:
        return ""
    waiting = f"{status.waiting} job(s) wait. " if status.waiting else ""
    return f"No worker is alive. {waiting}To process jobs, {how_to_start_a_worker()}."


def tiles(user: User) -> Iterator[Tile]:
    jobs = reverse("admin:jobs_job_changelist")
    if any(map(user.has_perm, (SUBMIT, OPERATE))):
        counts = {row["status"]: row["count"] for row in by_status(user)}
        for status in (Job.Status.PENDING_HITL, Job.Status.RUNNING, Job.Status.PENDING):
            title = TILE_TITLES[status]
            link = f"{jobs}?status__exact={status}"
            yield Tile(title, counts.get(status, 0), link)
    if any(map(user.has_perm, (SUBMIT, OPERATE, PROMOTE))):
        drafts = reverse("admin:jobs_draft_changelist")
        waiting = undecided(user).count()
        yield Tile(
            "Open drafts",
            waiting,
            f"{drafts}?status__exact=open&job__status__exact=completed",
        )
    if user.has_perm(OPERATE):
        workers = Worker.objects.alive().count()
        link = reverse("admin:jobs_worker_changelist")
        yield Tile("Workers alive", workers, link)
    skill_list = reverse("admin:taxonomy_skill_changelist")
    skills = Skill.objects.visible_to(user).active().count()
    yield Tile("Active skills", skills, skill_list)
    if user.has_perm(PUBLISH_SKILLS) and (waiting := outdated_skills().count()):
        yield Tile("To be validated again", waiting, f"{skill_list}?rules=others")


TILE_TITLES = {
    Job.Status.PENDING_HITL: "Waiting for an answer",
    Job.Status.RUNNING: "Running",
    Job.Status.PENDING: "Pending",
}


def by_status(user: User) -> Any:
    rows = Job.objects.visible_to(user).live().order_by()
    return rows.values("status").annotate(count=Count("pk"))


def undecided(user: User) -> Any:
    """Open drafts of completed jobs, which a curator can decide on."""
    return Draft.objects.visible_to(user).filter(
        status=Draft.Status.OPEN, job__status=Job.Status.COMPLETED
    )


def panels(user: User) -> Iterator[Panel]:
    jobs = Job.objects.visible_to(user).select_related("user")
    waiting = Job.objects.waiting_for(user).order_by("updated_at", "pk")
    yield waiting_panel(waiting)
    if user.has_perm(OPERATE):
        yield stuck_panel(jobs)
    running = jobs.live().filter(status=Job.Status.RUNNING).order_by("-updated_at")
    yield running_panel(running)
    failed = jobs.filter(
        status=Job.Status.FAILED, completed_at__gt=Now() - RECENT
    ).order_by("-completed_at")
    yield failed_panel(failed)
    yield drafts_panel(undecided(user).select_related("job__user"))


def waiting_panel(jobs: Any) -> Panel:
    return Panel(
        "Waiting for me",
        headers=("Job", "Phase", "Since", ""),
        rows=[
            (link_to_job(job), job.current_phase, job.updated_at, to_answer(job))
            for job in jobs[:MAX_ROWS]
        ],
        empty="No job of yours waits for an answer.",
    )


def stuck_panel(jobs: Any) -> Panel:
    stuck_jobs = stuck(LONG, among=jobs)
    return Panel(
        "Stuck",
        headers=("Job", "Kind", "Phase", "Age", "Crashes", "Worker"),
        rows=[
            (
                link_to_job(each.job),
                each.kind,
                each.job.current_phase,
                str(each.age).partition(".")[0],
                each.job.crashes,
                each.job.worker,
            )
            for each in stuck_jobs[:MAX_ROWS]
        ],
        empty="No job is stuck.",
        more="manage.py stuck_jobs lists them all."
        if len(stuck_jobs) > MAX_ROWS
        else "",
        warning=bool(stuck_jobs),
    )


def running_panel(jobs: Any) -> Panel:
    return Panel(
        "Running",
        headers=("Job", "Owner", "Phase", "Progress", "Worker"),
        rows=[
            (
                link_to_job(job),
                job.user,
                job.current_phase,
                f"{job.progress_percent} %",
                job.worker or "queued",
            )
            for job in jobs[:MAX_ROWS]
        ],
        empty="No job is running.",
    )


def failed_panel(jobs: Any) -> Panel:
    return Panel(
        f"Failed in the last {RECENT.days} days",
        headers=("Job", "Owner", "When", "Error"),
        rows=[
            (link_to_job(job), job.user, job.completed_at, shortened(job.error))
            for job in jobs[:MAX_ROWS]
        ],
        empty="No job has failed.",
    )


def drafts_panel(drafts: Any) -> Panel:
    return Panel(
        "Drafts to decide on",
        headers=("Draft", "Owner", "Validation", "Changed"),
        rows=[
            (
                link_to(draft, draft.job.skill_name),
                draft.job.user,
                draft.job.get_validation_status_display(),
                draft.updated_at,
            )
            for draft in drafts[:MAX_ROWS]
        ],
        empty="No draft waits for a curator.",
    )


def to_answer(job: Job) -> str:
    page = reverse("admin:jobs_job_verb", args=[job.pk, "answer"])
    return format_html('<a href="{}">Answer</a>', page)
