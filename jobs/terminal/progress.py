"""How a job's progress looks: a bar that moves, or plain lines."""

from types import TracebackType
from typing import Any

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

from core.terminal import printable, say
from jobs.models import Job, JobEvent

FRAMES_PER_SECOND = 8


class ProgressView:
    """A context manager; `pause` and `resume` clear the way for questions.

    In a terminal one line stays at the bottom and moves; elsewhere every step is a
    line of its own.
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
        """Where the job stands; `waiting` says what it waits for, if anything."""
        if self.bar:
            self.bar.update(
                self.line,
                completed=job.progress_percent,
                phase=job.current_phase,
                message=printable(waiting or job.progress_message),
            )

    def tell(self, event: JobEvent) -> None:
        """A line for what happened, if it is worth one."""
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
    "crashed": "! {reason} It goes on with the next worker.",
    "attempt_failed": "! {error} It is tried again in {wait_seconds} seconds.",
    "reminded": "? {kind} is still open, until {timeout_at}",
    "requeued": "! Put back in the queue.",
    "retried": "! Retried by {by}.",
    "failed": "✗ {error}",
    "cancelled": "✗ Cancelled.",
    "promoted": "✓ Promoted to {path}, version {version}.",
}


def sentence(event: JobEvent) -> str:
    """What happened, in a line; empty for what only the engine cares about."""
    told: dict[str, Any] = {"phase": event.phase, "message": "done", "by": "nobody"}
    told |= {key: value for key, value in event.data.items() if value}
    return SENTENCES.get(event.kind, "").format_map(_Known(told))


class _Known(dict[str, Any]):
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
