"""Submits a job at the terminal, follows it, and asks its questions."""

import logging
import sys
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser
from rich.console import Console

from core.terminal import say
from jobs import lifecycle
from jobs.authors.base import SourceDocument
from jobs.cli import Follower, NoAnswer, summary, warn_if_no_worker
from jobs.engine import inline
from jobs.exceptions import JobError
from jobs.lifecycle import create_refinement_job
from jobs.models import Job
from jobs.monitoring import how_to_start_a_worker
from jobs.submission import read_source
from taxonomy.exceptions import TaxonomyError
from taxonomy.models import Skill

COMPLETED, NOT_COMPLETED, NOT_ANSWERED, INTERRUPTED = 0, 1, 3, 130
OPTION_OF = {
    "task_description": "description",
    "feedback": "description",
    "focus_areas": "--focus",
    "intended_taxonomy_path": "--category",
    "sources": "--source",
}


class Command(BaseCommand):
    help = (
        "Write a skill from a description and documents, or, with --refine, the next"
        " version of a skill. Exit code 0: completed;"
        " 1: failed or cancelled; 3: it waits for an answer; 130: Ctrl-C, the job"
        " continues."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "description",
            nargs="?",
            default="",
            help="the purpose of the skill; with --refine: what should be different",
        )
        parser.add_argument(
            "--refine",
            default="",
            metavar="NAME",
            help="write the next version of this skill",
        )
        parser.add_argument(
            "--focus",
            action="append",
            default=[],
            metavar="HEADING",
            help="with --refine: a part of the skill to change; may be repeated",
        )
        parser.add_argument(
            "--source",
            action="append",
            default=[],
            metavar="FILE",
            help="a document to write the skill from; may be repeated",
        )
        parser.add_argument("--category", default="", metavar="PATH")
        parser.add_argument(
            "--user",
            default="",
            help="the user who owns the job (default: the only superuser)",
        )
        parser.add_argument(
            "--auto-approve",
            action="store_true",
            help="proceed at every question; the result lists the unanswered ones",
        )
        parser.add_argument(
            "--follow",
            default="",
            metavar="JOB",
            help="follow a job that was submitted before",
        )

    def handle(self, *, auto_approve: bool, **options: Any) -> None:
        self.stdout.ending = ""  # rich ends its lines itself
        console = Console(
            file=cast(IO[str], self.stdout),
            highlight=False,
            no_color=options["no_color"] or None,
        )
        with quiet_log(options["verbosity"]), inline_worker():
            follows = options["follow"]
            job, user = _existing(**options) if follows else _submit(**options)
            say(console, f"Job {job.pk}")
            if not (job.is_final or settings.SKILLFLEET_JOBS == "inline"):
                warn_if_no_worker(console)
            code = follow(Follower(job, console, user, auto_approve))
        if code:
            sys.exit(code)


def follow(follower: Follower) -> int:
    """Follow the job until it ends or the person leaves; return the exit code."""
    console, job_id = follower.console, follower.job.pk
    command = f"manage.py create_skill --follow {job_id}"
    try:
        job = follower.follow()
    except NoAnswer:
        say(console, f"The job waits for an answer. To continue: {command}", "yellow")
        return NOT_ANSWERED
    except KeyboardInterrupt:
        say(console, f"\nThe job continues. To follow it again: {command}", "yellow")
        if settings.SKILLFLEET_JOBS == "inline":
            say(console, f"This process was its worker; {how_to_start_a_worker()}.")
        return INTERRUPTED
    except Job.DoesNotExist:
        raise CommandError(f"Job {job_id} has been removed.") from None
    say(console)
    for heading, text in summary(job):
        say(console, f"{heading:<11} {text}")
    return COMPLETED if job.status == Job.Status.COMPLETED else NOT_COMPLETED


@contextmanager
def quiet_log(verbosity: int) -> Iterator[None]:
    """Log only warnings to the terminal, unless verbosity is 2 or higher."""
    logging.disable(logging.INFO if verbosity < 2 else logging.NOTSET)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def inline_worker() -> Iterator[None]:
    """With SKILLFLEET_JOBS=inline, make this process a worker."""
    if settings.SKILLFLEET_JOBS != "inline":
        yield
        return
    inline.start()
    try:
        yield
    finally:
        inline.stop()


def _submit(
    *,
    description: str,
    source: list[str],
    category: str,
    user: str,
    refine: str,
    focus: list[str],
    **options: Any,
) -> tuple[Job, User]:
    """The new job and its owner. Raises CommandError."""
    if refine and (source or category):
        raise CommandError("--refine takes no --source and no --category.")
    if focus and not refine:
        raise CommandError("--focus requires --refine.")
    owner = _user(user)
    if not owner.has_perm("jobs.add_job"):
        raise CommandError(
            f"--user: {owner.username} may not submit jobs; add them to the group"
            " author, or name another user."
        )
    try:
        if refine:
            skill = _skill(refine)
            job = create_refinement_job(owner, skill, description, focus_areas=focus)
            return job, owner
        return lifecycle.create_skill_job(
            owner,
            description,
            sources=[_source(Path(name)) for name in source],
            intended_taxonomy_path=category,
        ), owner
    except (JobError, TaxonomyError) as error:
        raise CommandError(_message(error)) from None


def _skill(name: str) -> Skill:
    try:
        return Skill.objects.select_related("category", "current").resolve(name)
    except Skill.DoesNotExist:
        raise CommandError(f"--refine: there is no skill {name!r}.") from None


def _existing(
    *,
    follow: str,
    description: str,
    source: list[str],
    category: str,
    user: str,
    refine: str,
    focus: list[str],
    **options: Any,
) -> tuple[Job, User]:
    """The job to follow, and who answers: the user of --user, or the job's owner."""
    if description or source or category or refine or focus:
        raise CommandError(
            "--follow takes no description, --source, --category, --refine or --focus."
        )
    try:
        job = Job.objects.select_related("user").get(pk=uuid.UUID(follow))
    except (ValueError, Job.DoesNotExist):
        raise CommandError(f"--follow: there is no job {follow!r}.") from None
    by = _user(user) if user else job.user
    if not job.may_be_changed_by(by):
        raise CommandError(
            f"--user: {by.username} may not answer for {job.user.username};"
            " name the owner or an operator."
        )
    return job, by


def _user(name: str) -> User:
    if name:
        user = User.objects.filter(username=name, is_active=True).first()
        if user is None:
            raise CommandError(f"--user: there is no active user {name!r}.")
        return user
    superusers = User.objects.filter(is_superuser=True, is_active=True)[:2]
    if len(superusers) == 1:
        return superusers[0]
    reason = "are several superusers" if superusers else "is no superuser"
    raise CommandError(f"There {reason}: name the owner with --user NAME.")


def _source(path: Path) -> SourceDocument:
    try:
        content = path.read_bytes()
    except OSError as error:
        reason = error.strerror or error
        raise CommandError(f"--source: {path} cannot be read: {reason}.") from None
    return read_source(path.name, content)


def _message(error: JobError | TaxonomyError) -> str:
    """The error message, with fields named as on the command line."""
    lines = [
        f"{OPTION_OF.get(field, field)}: {' '.join(messages)}"
        for field, messages in error.fields.items()
    ]
    return "\n".join([str(error), *lines])
