"""Following a job: its progress as a bar, its questions with their answers."""

import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from demo.api import Api
from demo.document import Document
from demo.failure import Failed

POLL_SECONDS = 0.2
MOVES_WITHIN = 90.0
QUESTIONS_AT_MOST = 12
BAR = "{task.description} {task.percentage:>3.0f} %"


def follow(api: Api, console: Console, job_id: str, document: Document) -> Any:
    """Go with the job to its end; returns its last status."""
    for _ in range(QUESTIONS_AT_MOST + 1):
        status = watch(api, console, job_id)
        if status["status"] == "completed":
            return status
        if status["status"] != "pending_hitl":
            raise Failed(f"the job {status['status']}: {status['error']}")
        answer(api, console, job_id, document)
    raise Failed(f"the job asked more than {QUESTIONS_AT_MOST} times")


def watch(api: Api, console: Console, job_id: str) -> Any:
    """Poll until the job waits for a person or has ended."""
    path = f"/api/v1/jobs/{job_id}/status"
    columns = (TextColumn(BAR), BarColumn(), TimeElapsedColumn())
    polls, seen, moved_at = 0, "", time.monotonic()
    with Progress(*columns, console=console, transient=True) as progress:
        bar = progress.add_task("waiting", total=100)
        while True:
            reply = api.get(path, quiet=True)
            polls += 1
            if (said := show(progress, bar, reply.body)) != seen:
                seen, moved_at = said, time.monotonic()
                progress.console.print(f"  [dim]{escape(said)}[/dim]")
            if reply.body["status"] not in ("pending", "running"):
                break
            if time.monotonic() - moved_at > MOVES_WITHIN:
                raise Failed(f"the job has not moved for {MOVES_WITHIN:.0f} s: {seen}")
            time.sleep(POLL_SECONDS)
    request = f"[bold cyan]GET {path}[/bold cyan]"
    console.print(f"{request} ({polls} times) → {reply.line()}", soft_wrap=True)
    return reply.body


def show(progress: Progress, bar: TaskID, status: Any) -> str:
    phase = status["current_phase"] or status["status"]
    progress.update(bar, completed=status["progress_percent"], description=phase)
    percent = f"{status['progress_percent']:>3} %"
    message = status["progress_message"] or ""
    return f"{percent}  {status['status']:<12}  {phase:<18}  {message}"


def answer(api: Api, console: Console, job_id: str, document: Document) -> None:
    prompt = api.get(f"/api/v1/hitl/{job_id}/prompt").body
    asked = prompt["data"]
    questions = asked.get("questions", [])
    answers = {question["id"]: document.answer(question) for question in questions}
    console.print(
        Panel(
            "\n\n".join([asked.get("message", ""), *map(dialogue(answers), questions)]),
            title=f"{prompt['prompt_type']}, round {prompt['round']}",
            title_align="left",
        )
    )
    body = {
        "round": prompt["round"],
        "action": "proceed",
        "answers": {name: said for name, said in answers.items() if said},
    }
    api.post(f"/api/v1/hitl/{job_id}/response", body)


def dialogue(answers: dict[str, Any]) -> Any:
    def line(question: Any) -> str:
        said = escape(str(answers[question["id"]] or "(left open)"))
        options = question.get("options") or []
        choices = f" [dim]{escape(' | '.join(options))}[/dim]" if options else ""
        return (
            f"[bold]{escape(question['text'])}[/bold]{choices}\n  → {escape(str(said))}"
        )

    return line
