"""Watching a job from a terminal until it ends, and answering what it asks."""

import time
from dataclasses import dataclass, field

from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection
from rich.console import Console

from core.terminal import say
from jobs import lifecycle
from jobs.exceptions import InvalidJob, JobError
from jobs.models import Job, Question, Worker
from jobs.monitoring import how_to_start_a_worker
from jobs.terminal import prompts
from jobs.terminal.progress import ProgressView
from jobs.terminal.prompts import Reply

POLL_SECONDS = 0.2
ATTENDANCE_SECONDS = 2.0


class LeftOpen(Exception):
    """The job asks, and there is nobody at the terminal to answer."""


@dataclass
class Follower:
    """Follows one job; `auto_approve` proceeds at every question, unanswered."""

    job: Job
    console: Console
    by: User
    auto_approve: bool = False
    seen: int = 0
    next_look: float = 0.0
    waiting: str = ""
    view: ProgressView = field(init=False)

    def __post_init__(self) -> None:
        self.view = ProgressView(self.console)

    def follow(self) -> Job:
        """The job as it ended. Raises LeftOpen, or Job.DoesNotExist if it is pruned."""
        self.view.show(self.job)
        with self.view:
            while not self._look():
                time.sleep(POLL_SECONDS)
        return self.job

    def _look(self) -> bool:
        """Read the job once, tell what is new; True when it has ended."""
        try:
            self.job = Job.objects.get(pk=self.job.pk)
            self._tell_news()
            self.view.show(self.job, self._waits_for())
            if self.job.status == Job.Status.PENDING_HITL:
                self._answer()
        except (OperationalError, InterfaceError):
            self.view.show(self.job, "waiting for the database")
            connection.close()
            return False
        return self.job.is_final

    def _tell_news(self) -> None:
        for event in self.job.history.filter(seq__gt=self.seen).order_by("seq"):
            self.view.tell(event)
            self.seen = event.seq

    def _waits_for(self) -> str:
        """What keeps the job from going on; looked at now and then."""
        if self.job.lease_expires_at or self.job.is_final:
            return ""
        if time.monotonic() >= self.next_look:
            self.next_look = time.monotonic() + ATTENDANCE_SECONDS
            self.waiting = self._absence()
        return self.waiting

    def _absence(self) -> str:
        if not Worker.objects.alive().exists():
            return "waiting: no worker is alive"
        if not Job.objects.within_limit().filter(pk=self.job.pk).exists():
            return "waiting: other jobs of its user come first"
        return ""

    def _answer(self) -> None:
        question = self.job.questions.filter(status=Question.Status.PENDING).first()
        if question is None:
            return
        self.view.pause()
        try:
            while not self._answered(question):
                pass
        finally:
            self.view.resume()

    def _answered(self, question: Question) -> bool:
        """False: what was typed does not fit, and must be asked for again."""
        try:
            reply = self._reply(question)
            lifecycle.answer(
                self.job,
                by=self.by,
                round=question.round,
                action=reply.action,
                answers=reply.answers,
                feedback=reply.feedback,
            )
        except EOFError:
            raise LeftOpen from None
        except InvalidJob as error:
            for wrong in error.fields.values():
                say(self.console, " ".join(wrong), "red")
            return False
        except JobError as error:
            say(self.console, error, "yellow")  # somebody else was faster
        return True

    def _reply(self, question: Question) -> Reply:
        if not self.auto_approve:
            return prompts.ask(self.console, question)
        for item in question.prompt.get("questions", ()):
            say(self.console, f"  left open: {item['text']}", "yellow")
        return Reply(Question.Action.PROCEED)


def warn_if_unattended(console: Console) -> None:
    if not Worker.objects.alive().exists():
        hint = how_to_start_a_worker()
        say(console, f"No worker is alive, so the job waits; {hint}", "yellow")
