"""Transitions of a job that touch more than its own row: submit, answer, cancel, retry.

API, admin, commands and workers all call these. Each is one transaction and writes the
job's row first; its return value or an exception tells whether the transition was made.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, connections, transaction
from django.db.models import F
from django.db.models.functions import Now

from jobs.authors.base import SourceDocument
from jobs.engine import queue
from jobs.exceptions import (
    AlreadyAnswered,
    InvalidJob,
    KeyReused,
    NoMoreRevisions,
    TooLarge,
    UnsupportedSource,
    WrongState,
)
from jobs.models import Job, JobEvent, Question, Source
from jobs.pipeline.phases import FIRST_PHASE
from jobs.submission import (
    Problems,
    check_answers,
    check_submission,
    option_problems,
    read_source,
)
from taxonomy.exceptions import SkillArchived
from taxonomy.files.gate import File, Files
from taxonomy.models import Category, Skill
from taxonomy.skillmd.document import SKILL_MD


def create_skill_job(
    user: User,
    task_description: str,
    *,
    sources: Iterable[SourceDocument] = (),
    intended_taxonomy_path: str = "",
    options: Mapping[str, Any] | None = None,
    user_context: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Job:
    """Submit a job: save it with its sources, first event and message, or nothing.

    If this user has used the idempotency key before, the job of then is returned.
    Raises KeyReused with the differences if that request was another one, and
    InvalidJob with all fields that are wrong.
    """
    sources, options = tuple(sources), dict(options or {})
    category_path = check_submission(
        task_description, sources, intended_taxonomy_path, options
    )
    return submit(
        Job(
            user_id=user.pk,
            task_description=task_description.strip(),
            intended_taxonomy_path=category_path,
            options=options,
            user_context=dict(user_context or {}),
            idempotency_key=idempotency_key,
        ),
        sources,
    )


def submit(job: Job, sources: tuple[SourceDocument, ...]) -> Job:
    """Save a checked job, or return the existing one with the same idempotency key."""
    if existing := _with_same_key(job, sources):
        return existing
    try:
        with transaction.atomic():
            return _submit(job, sources)
    except IntegrityError:  # a concurrent submission may have used the key
        if existing := _with_same_key(job, sources):
            return existing
        raise


def _with_same_key(job: Job, sources: tuple[SourceDocument, ...]) -> Job | None:
    """The user's earlier job with this idempotency key. Raises KeyReused."""
    if not job.idempotency_key:
        return None
    existing: Job | None = Job.objects.filter(
        user_id=job.user_id, idempotency_key=job.idempotency_key
    ).first()
    if existing and (names := _differences(existing, job, sources)):
        raise KeyReused(
            "This idempotency key was used for a request with another"
            f" {', '.join(names)}; use a new key, or repeat that request.",
            {
                "idempotency_key": [
                    f"Used before with another {each}." for each in names
                ]
            },
        )
    return existing


def _differences(
    existing: Job, job: Job, sources: tuple[SourceDocument, ...]
) -> list[str]:
    """The fields of the request in which the two jobs differ.

    The sources and category of refinements are the skill's, which may have changed.
    """
    if existing.job_type != job.job_type:
        return ["job_type"]
    names = _differing(existing.options, job.options)
    if job.job_type == Job.Type.SKILL_REFINEMENT:
        names += _differing(existing.user_context, job.user_context)
        if _refined_skill(existing) != _refined_skill(job):
            names.append("skill")
        return names
    fields = ("task_description", "user_context")
    names += [each for each in fields if getattr(existing, each) != getattr(job, each)]
    texts = [(source.name, source.text) for source in sources]
    if list(existing.sources.order_by("pk").values_list("name", "text")) != texts:
        names.append("sources")
    if _current_path(existing.intended_taxonomy_path) != job.intended_taxonomy_path:
        names.append("intended_taxonomy_path")
    return names


def _refined_skill(job: Job) -> Any:
    return job.base and job.base.skill_id


def _differing(one: Mapping[str, Any], other: Mapping[str, Any]) -> list[str]:
    """The keys with different values; an absent one is like an empty one."""
    keys = sorted({*one, *other})
    return [key for key in keys if (one.get(key) or "") != (other.get(key) or "")]


def _current_path(path: str) -> str:
    """The current path of a category that had this one; unchanged if it is gone."""
    try:
        return Category.objects.resolve(path).path
    except Category.DoesNotExist:
        return path


def _submit(job: Job, sources: tuple[SourceDocument, ...]) -> Job:
    job.current_phase = FIRST_PHASE[job.job_type]
    job.events = 1
    job.save(force_insert=True)
    Source.objects.bulk_create(
        Source(job=job, name=each.name, media_type=each.media_type, text=each.text)
        for each in sources
    )
    JobEvent.objects.append(job=job, seq=1, kind="submitted", phase=job.current_phase)
    queue.enqueue(job)
    job.refresh_from_db()
    return job


def end(job: Job, status: str, *, where: Any, event: str, **fields: Any) -> bool:
    """Move the job to a final status; clear its lease, message and open question.

    False: the job did not match the guard `where`, and nothing was written.
    """
    with transaction.atomic():
        ended = job._move(
            status,
            where=where,
            event=event,
            fence="",
            worker="",
            lease_expires_at=None,
            completed_at=Now(),
            **fields,
        )
        if ended:
            Question.objects.open().filter(job_id=job.pk).update(
                status=Question.Status.WITHDRAWN
            )
            queue.delete_message(job)
            enqueue_next_pending(job)
    return ended


def fail(job: Job, reason: str, *, where: Any, stack: str = "") -> bool:
    """End the job as failed. False: it did not match the guard `where`."""
    reason, stack = storable(reason), storable(stack)
    return end(
        job,
        Job.Status.FAILED,
        where=where,
        event="failed",
        note={"error": reason},
        error=reason,
        error_stack=stack,
    )


def storable(text: str) -> str:
    """The text with replacements for what a database refuses: NUL, lone surrogates."""
    return text.replace("\0", "\ufffd").encode("utf-8", "replace").decode()


def enqueue_next_pending(job: Job) -> None:
    """Enqueue the user's oldest pending job, now that this job of theirs has stopped.

    A pending job has no message if a worker received the message, but could not claim
    the job while its user was at the limit of running jobs. A row that another
    transaction has locked is skipped: waiting for it could deadlock.
    """
    can_skip = connections[Job.objects.db].features.has_select_for_update_skip_locked
    waiting = (
        Job.objects.live()
        .filter(user_id=job.user_id, status=Job.Status.PENDING)
        .exclude(queue.has_message())
        .order_by("created_at", "pk")
        .select_for_update(of=("self",), skip_locked=can_skip)
        .first()
    )
    if waiting:
        queue.enqueue(waiting)


def answer(
    job: Job,
    *,
    by: User,
    round: int,
    action: str,
    answers: Mapping[str, Any] | None = None,
    feedback: str = "",
) -> Job:
    """Save the answer to the open question, and requeue or cancel the job.

    Raises AlreadyAnswered for a second answer, WrongState when the question is not
    open any more, NoMoreRevisions, or InvalidJob for an answer that does not fit it.
    """
    question = job.questions.order_by("-pk").first()
    if question is None:
        raise WrongState("This job has not asked a question.")
    _check_open(question, round)
    answers = check_answers(question, action, answers or {}, feedback)
    if action == Question.Action.REVISE and not question.revisions_left():
        raise NoMoreRevisions
    response = {"action": action, "answers": answers, "feedback": feedback}
    with transaction.atomic():
        if not _record_answer(job, question, action, response, by):
            raise AlreadyAnswered
    job.refresh_from_db()
    return job


def _check_open(question: Question, round: int) -> None:
    if question.round != round:
        raise AlreadyAnswered(
            f"Round {round} is over; the current question is of round {question.round}."
        )
    if question.status == Question.Status.TIMEOUT:
        raise WrongState(
            "Nobody answered in time, and the job has failed; retry it to be asked"
            " again."
        )
    if question.status == Question.Status.WITHDRAWN:
        raise WrongState("The question was withdrawn because its job has ended.")
    if question.status != Question.Status.PENDING:
        raise AlreadyAnswered


def _record_answer(
    job: Job,
    question: Question,
    action: str,
    response: dict[str, Any],
    by: User,
) -> bool:
    """Close the question, then enqueue or cancel its job. False: answered already."""
    waiting = Job.objects.live().filter(
        status=Job.Status.PENDING_HITL, round=question.round
    )
    revise = action == Question.Action.REVISE
    note = {"action": action, "round": question.round, "by": by.get_username()}
    if action == Question.Action.CANCEL:
        moved = job._move(
            Job.Status.PENDING_HITL, where=waiting, event="answered", note=note
        )
    else:
        moved = job._move(
            Job.Status.RUNNING,
            where=waiting,
            event="answered",
            note=note,
            progress_message="Answered; the job continues.",
            round=F("round") + 1,
            current_phase=question.revise_to if revise else question.phase,
        )
    if not moved:
        return False
    question.close(
        Question.Status.RESPONDED,
        response=response,
        answered_by=by,
        answered_at=Now(),
    )
    if action == Question.Action.CANCEL:
        return end(job, Job.Status.CANCELLED, where=waiting, event="cancelled")
    queue.enqueue(job)
    return True


def cancel(job: Job, *, by: User) -> Job:
    """Cancel a job at once; a worker that runs it loses its fence and stops."""
    note = {"by": by.get_username()}
    ended = end(
        job,
        Job.Status.CANCELLED,
        where=Job.objects.live(),
        event="cancelled",
        note=note,
    )
    job.refresh_from_db()
    if not ended:
        raise WrongState(f"The job is already {job.status}; it cannot be cancelled.")
    return job


def retry(job: Job, *, by: User) -> Job:
    """Requeue a failed job in the phase in which it failed."""
    with transaction.atomic():
        moved = job._move(
            Job.Status.PENDING,
            where=Job.objects.filter(status=Job.Status.FAILED),
            event="retried",
            note={"by": by.get_username()},
            # A late answer to the question that timed out must not fit the next round.
            round=F("round") + 1,
            completed_at=None,
            running_since=None,
            crashes=0,
            attempts=0,
            run_after=None,
            error="",
            error_stack="",
        )
        if moved:
            queue.enqueue(job)
    job.refresh_from_db()
    if not moved:
        raise WrongState(f"Only a failed job can be retried; this one is {job.status}.")
    return job


def release(job: Job, *, where: Any = None, reason: str = "", stack: str = "") -> bool:
    """Clear the lease of a worker that died or hangs, and count one crash.

    The job is requeued, or fails when it reaches the limit. `where` is the guard, by
    default an expired lease; `stack` is the phase's stack trace, if it is known.
    False: the lease was renewed or cleared in the meantime.
    """
    trace = {"error_stack": storable(stack)} if stack else {}
    limit = settings.SKILLFLEET_JOB_CRASHES
    leased = Job.objects.expired() if where is None else where
    reason = reason or f"Its worker died in phase {job.current_phase}."
    with transaction.atomic():
        released = job._move(
            Job.Status.RUNNING,
            where=leased.filter(crashes__lt=limit - 1),
            event="crashed",
            note={"worker": job.worker, "reason": reason},
            fence="",
            worker="",
            lease_expires_at=None,
            crashes=F("crashes") + 1,
            **trace,
        )
        if released:
            queue.enqueue(job)
    return released or end(
        job,
        Job.Status.FAILED,
        where=leased.filter(crashes__gte=limit - 1),
        event="failed",
        note={"worker": job.worker, "error": reason},
        crashes=F("crashes") + 1,
        error=f"{reason} That was crash {limit} of {limit} in this phase.",
        **trace,
    )


def requeue(job: Job) -> bool:
    """Enqueue the job again. False: it has changed since it was read.

    A lease is cleared, even a valid one, and its worker loses its fence. No crash is
    counted; for an expired lease call `release`, which counts one.
    """
    with transaction.atomic():
        moved = job._move(
            job.status,
            where=Job.objects.live().filter(
                status__in=(Job.Status.PENDING, Job.Status.RUNNING),
                fence=job.fence,
                round=job.round,
                current_phase=job.current_phase,
            ),
            event="requeued",
            fence="",
            worker="",
            lease_expires_at=None,
            run_after=None,
        )
        if moved:
            queue.enqueue(job)
    return moved


def recover(job: Job) -> bool:
    """Requeue a dead job: its lease has expired, or the queue has lost its message.

    False: it has changed since it was read.
    """
    return requeue(job) if job.lease_expires_at is None else release(job)


MAX_FOCUS_AREAS = 5
MAX_FOCUS_CHARS = 80


def create_refinement_job(
    user: User,
    skill: Skill,
    feedback: str,
    *,
    focus_areas: Iterable[str] = (),
    options: Mapping[str, Any] | None = None,
    idempotency_key: str | None = None,
) -> Job:
    """Submit a job that writes the next version of this skill.

    It starts from the current version. Raises InvalidJob, SkillArchived, TooLarge for
    a SKILL.md larger than a source may be, or KeyReused.
    """
    areas = [area.strip() for area in focus_areas]
    options = dict(options or {})
    if problems := _refinement_problems(feedback, areas) | option_problems(options):
        raise InvalidJob("The refinement request is not valid.", problems)
    if skill.status == Skill.Status.ARCHIVED:
        raise SkillArchived
    job = Job(
        user_id=user.pk,
        job_type=Job.Type.SKILL_REFINEMENT,
        base=skill.current,
        task_description=f"Refine {skill.name}: {feedback.strip()}",
        intended_taxonomy_path=skill.category.path,
        skill_name=skill.name,
        options=options,
        user_context={"feedback": feedback.strip(), "focus_areas": areas},
        idempotency_key=idempotency_key,
    )
    return submit(job, tuple(_sources_of(skill.current.bundle.files())))


def _refinement_problems(feedback: str, areas: list[str]) -> Problems:
    problems: Problems = {}
    limit = settings.SKILLFLEET_MAX_TASK_CHARS
    if not feedback.strip():
        problems["feedback"] = ["Say what should be different in the next version."]
    elif len(feedback) > limit:
        problems["feedback"] = [f"At most {limit} characters."]
    if len(areas) > MAX_FOCUS_AREAS:
        problems["focus_areas"] = [f"{len(areas)} areas; at most {MAX_FOCUS_AREAS}."]
    elif any(not _is_heading(area) for area in areas):
        problems["focus_areas"] = [
            f"Each is one line of 1 to {MAX_FOCUS_CHARS} characters, like a heading."
        ]
    return problems


def _is_heading(area: str) -> bool:
    return 0 < len(area) <= MAX_FOCUS_CHARS and area.isprintable()


def _sources_of(files: Files) -> Iterator[SourceDocument]:
    """SKILL.md, then other texts of the version, up to the limit of sources.

    Texts above the limit are not lost: the draft starts with all files of the version.
    """
    limit = settings.SKILLFLEET_MAX_SOURCE_BYTES
    main = next(file for file in files if file.path == SKILL_MD)
    if len(main.content) > limit:
        raise TooLarge(
            f"The skill's SKILL.md has {len(main.content)} bytes; a source may have"
            f" {limit}. Move parts of it into references/ first.",
        )
    yield read_source(SKILL_MD, main.content)
    texts = [text for file in files if file is not main and (text := _as_source(file))]
    yield from texts[: max(0, settings.SKILLFLEET_MAX_SOURCES - 1)]


def _as_source(file: File) -> SourceDocument | None:
    """The file as a source; None for one that no author can read."""
    try:
        document = read_source(file.path, file.content)
    except (UnsupportedSource, TooLarge):
        return None
    return replace(document, name=document.name[:255])
