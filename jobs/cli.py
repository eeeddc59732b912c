"""A job at the terminal: its progress, its questions, and a summary at its end."""

import sys
import termios
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

from django.contrib.auth.models import User
from django.db import InterfaceError, OperationalError, connection
from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TaskProgressColumn,
    TextColumn,
    TimeElapsedColumn,
)
from rich.table import Column

from core.terminal import printable, say, seconds
from jobs import lifecycle
from jobs.drafts import changes
from jobs.exceptions import InvalidJob, JobError
from jobs.models import Job, JobEvent, Question, Worker
from jobs.monitoring import how_to_start_a_worker

ACTIONS = {action[0]: action for action in Question.Action.values}
"""The actions by their first letter: p, r, c."""


@dataclass(frozen=True)
class Reply:
    """A person's answer to a question."""

    action: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    feedback: str = ""


def ask(console: Console, question: Question) -> Reply:
    """Show the question and read a reply. Raises EOFError at the end of the input."""
    prompt = question.prompt
    _discard_typed_ahead()
    _show(console, question)
    questions = prompt.get("questions", ())
    answers = {}
    for number, item in enumerate(questions, start=1):
        say(console, f"\n{number}/{len(questions)}  {item['text']}", "bold")
        if item.get("rationale"):
            say(console, f"     {item['rationale']}", "dim")
        if answer := _answer(console, item):
            answers[item["id"]] = answer
    action = _action(console)
    feedback = ""
    if action == Question.Action.REVISE:
        if prompt.get("revision_hint"):
            say(console, prompt["revision_hint"], "dim")
        feedback = _read_text(console, "What should be different? ")
    return Reply(action, answers, feedback)


def _discard_typed_ahead() -> None:
    """Discard keys that were typed before the question was shown."""
    if sys.stdin.isatty():
        termios.tcflush(sys.stdin, termios.TCIFLUSH)


def _show(console: Console, question: Question) -> None:
    prompt = question.prompt
    say(console)
    say(console, prompt.get("message") or question.kind, "bold cyan")
    for key, value in prompt.get("brief", {}).items():
        if value:
            say(console, f"  {key}: {value}")
    for topic, text in prompt.get("found", {}).items():
        say(console, f"  {topic}: {_first_line(text)}", "dim")
    for file in prompt.get("files", ()):
        say(console, f"\n--- {file['path']}", "bold")
        say(console, file["text"])
    for line in _question_findings(prompt):
        say(console, f"  - {line}", "yellow")


def _question_findings(prompt: Mapping[str, Any]) -> Iterator[str]:
    for failure in prompt.get("failures", ()):
        yield ": ".join(filter(None, (failure["text"], failure.get("reason"))))
    report = prompt.get("validation", {})
    for finding in (*report.get("errors", ()), *report.get("warnings", ())):
        yield finding["message"]


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return f"{lines[0]} …" if len(lines) > 1 else "".join(lines)


def _answer(console: Console, item: Mapping[str, Any]) -> str | list[str]:
    """The answer to one question; empty if the person skipped it."""
    options = item.get("options", ())
    for number, option in enumerate(options, start=1):
        say(console, f"     {number}) {option}")
    if not options:
        return _read(console, "     Answer (Enter to skip): ")
    is_multiple = item.get("type") == "multi_choice"
    label = "Numbers, separated by commas" if is_multiple else "Number"
    while typed := _read(console, f"     {label} (Enter to skip): "):
        choices = [_choice(options, part) for part in _parts(typed, is_multiple)]
        if None not in choices:
            answers = [str(choice) for choice in choices]
            return answers if is_multiple else answers[0]
        say(console, f"     Type a number from 1 to {len(options)}.", "red")
    return ""


def _parts(typed: str, is_multiple: bool) -> list[str]:
    return typed.replace(",", " ").split() if is_multiple else [typed]


def _choice(options: Iterable[str], typed: str) -> str | None:
    """The option with this number or text, if there is one."""
    choices = list(options)
    if typed.isdecimal() and 1 <= int(typed) <= len(choices):
        return choices[int(typed) - 1]
    return typed if typed in choices else None


def _action(console: Console) -> str:
    """One of `Question.Action`; Enter proceeds."""
    while True:
        typed = _read(console, "\n[p]roceed, [r]evise or [c]ancel? (Enter proceeds) ")
        action = ACTIONS.get(typed[:1].lower(), "") if typed else "proceed"
        if action and action.startswith(typed.lower()):
            return action
        say(console, "Type p, r or c.", "red")


def _read_text(console: Console, prompt: str) -> str:
    while not (typed := _read(console, prompt)):
        say(console, "Type at least one sentence.", "red")
    return typed


def _read(console: Console, prompt: str) -> str:
    typed = console.input(prompt, markup=False, emoji=False)
    return printable(typed).strip()


def summary(job: Job) -> Iterator[tuple[str, str]]:
    """The result of a job that has ended, as (heading, text) pairs.

    Further texts below the same heading have an empty heading.
    """
    duration = job.completed_at - job.created_at if job.completed_at else None
    after = f" after {seconds(duration.total_seconds())}" if duration else ""
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
        diffs = changes(job, job.draft.bundle.files())
        yield from _list("Changes", (f"{each.change} {each.path}" for each in diffs))
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
    """A pair for each text, with the heading only at the first."""
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


FRAMES_PER_SECOND = 8


class ProgressView:
    """The progress of a job: a bar in a terminal, a line per step elsewhere.

    It is a context manager. `pause` removes the bar while a question is asked, and
    `resume` shows it again.
    """

    def __init__(self, console: Console) -> None:
        self.console = console
        self.bar = _bar(console) if console.is_terminal else None
        if self.bar:
            self.line = self.bar.add_task("", total=100, phase="", message="")

    def __enter__(self) -> "ProgressView":
        self.resume()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.pause()

    def pause(self) -> None:
        if self.bar:
            self.bar.stop()

    def resume(self) -> None:
        if self.bar:
            self.bar.start()

    def show(self, job: Job, waiting: str = "") -> None:
        """Show the job's progress, or what it waits for."""
        if self.bar:
            self.bar.update(
                self.line,
                completed=job.progress_percent,
                phase=job.current_phase,
                message=printable(waiting or job.progress_message),
            )

    def print_event(self, event: JobEvent) -> None:
        """Print a line for the event, unless it concerns only the engine."""
        if event.kind == "progress":
            if not self.bar:
                note = event.data
                say(self.console, f"{note['percent']:>3}% {note['message']}")
        elif line := sentence(event):
            say(self.console, line, STYLES.get(event.kind, ""))


STYLES = {
    "phase_finished": "green",
    "completed": "green",
    "asked": "cyan",
    "crashed": "yellow",
    "attempt_failed": "yellow",
    "reminded": "cyan",
    "failed": "red",
    "cancelled": "red",
}
SENTENCES = {
    "phase_finished": "✓ {phase}: {message}",
    "completed": "✓ {phase}: {message}",
    "asked": "? {kind}",
    "answered": "→ {action} (by {by})",
    "crashed": "! {reason} Another worker continues the job.",
    "attempt_failed": "! {error} The next attempt is in {wait_seconds} seconds.",
    "reminded": "? {kind} is still open, until {timeout_at}",
    "requeued": "! Put into the queue again.",
    "retried": "! Retried by {by}.",
    "failed": "✗ {error}",
    "cancelled": "✗ Cancelled.",
    "promoted": "✓ Promoted to {path}, version {version}.",
}


def sentence(event: JobEvent) -> str:
    """The event as a line; empty if it concerns only the engine."""
    # Defaults for events without these fields.
    fields: dict[str, Any] = {"phase": event.phase, "message": "done", "by": "nobody"}
    fields |= {key: value for key, value in event.data.items() if value}
    return SENTENCES.get(event.kind, "").format_map(_WithDefault(fields))


class _WithDefault(dict[str, Any]):
    """Fields for `format_map`; a missing one is shown as "?"."""

    def __missing__(self, key: str) -> str:
        return "?"


def _bar(console: Console) -> Progress:
    return Progress(
        SpinnerColumn("line" if console.options.ascii_only else "dots"),
        TextColumn("{task.fields[phase]}", style="bold", markup=False),
        BarColumn(bar_width=30),
        TaskProgressColumn(),
        TextColumn(
            "{task.fields[message]}",
            markup=False,
            table_column=Column(ratio=1, no_wrap=True, overflow="ellipsis"),
        ),
        TimeElapsedColumn(),
        console=console,
        expand=True,
        transient=True,
        refresh_per_second=FRAMES_PER_SECOND,
    )


POLL_SECONDS = 0.2
STATUS_SECONDS = 2.0


class NoAnswer(Exception):
    """The job asks a question, and there is nobody at the terminal to answer."""


@dataclass
class Follower:
    """Follows one job until it ends, and asks its questions at the terminal.

    With `auto_approve` it answers every question with proceed. `last_seq` is the last
    event that was printed.
    """

    job: Job
    console: Console
    by: User
    auto_approve: bool = False
    last_seq: int = 0
    next_check: float = 0.0
    waiting: str = ""
    view: ProgressView = field(init=False)

    def __post_init__(self) -> None:
        self.view = ProgressView(self.console)

    def follow(self) -> Job:
        """Wait for the end of the job and return it.

        Raises NoAnswer, or Job.DoesNotExist if the job was pruned.
        """
        self.view.show(self.job)
        with self.view:
            while not self._update():
                time.sleep(POLL_SECONDS)
        return self.job

    def _update(self) -> bool:
        """Read the job once and print its new events. True: the job has ended."""
        try:
            self.job = Job.objects.get(pk=self.job.pk)
            self._print_new_events()
            self.view.show(self.job, self._waiting_reason())
            if self.job.status == Job.Status.PENDING_HITL:
                self._answer()
        except (OperationalError, InterfaceError):
            self.view.show(self.job, "waiting for the database")
            connection.close()
            return False
        return self.job.is_final

    def _print_new_events(self) -> None:
        for event in self.job.history.filter(seq__gt=self.last_seq).order_by("seq"):
            self.view.print_event(event)
            self.last_seq = event.seq

    def _waiting_reason(self) -> str:
        """Why the job waits; read from the database only at intervals."""
        if self.job.lease_expires_at or self.job.is_final:
            return ""
        if time.monotonic() >= self.next_check:
            self.next_check = time.monotonic() + STATUS_SECONDS
            self.waiting = self._read_waiting_reason()
        return self.waiting

    def _read_waiting_reason(self) -> str:
        if not Worker.objects.alive().exists():
            return "waiting: no worker is alive"
        if not Job.objects.within_limit().filter(pk=self.job.pk).exists():
            return "waiting: its user has reached the limit of running jobs"
        return ""

    def _answer(self) -> None:
        question = self.job.questions.filter(status=Question.Status.PENDING).first()
        if question is None:
            return
        self.view.pause()
        try:
            while not self._ask(question):
                pass
        finally:
            self.view.resume()

    def _ask(self, question: Question) -> bool:
        """Ask and send the answer. False: the answer is not valid, ask again."""
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
            raise NoAnswer from None
        except InvalidJob as error:
            for messages in error.fields.values():
                say(self.console, " ".join(messages), "red")
            return False
        except JobError as error:
            say(
                self.console, error, "yellow"
            )  # for example, somebody else has answered
        return True

    def _reply(self, question: Question) -> Reply:
        if not self.auto_approve:
            return ask(self.console, question)
        for item in question.prompt.get("questions", ()):
            say(self.console, f"  not answered: {item['text']}", "yellow")
        return Reply(Question.Action.PROCEED)


def warn_if_no_worker(console: Console) -> None:
    if not Worker.objects.alive().exists():
        hint = how_to_start_a_worker()
        say(console, f"No worker is alive, so the job waits; {hint}", "yellow")
