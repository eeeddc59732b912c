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
    asked: set[str] = set()
    for _ in range(QUESTIONS_AT_MOST + 1):
        status = watch(api, console, job_id)
        if status["status"] == "completed":
            return status
        if status["status"] != "pending_hitl":
            raise Failed(f"the job {status['status']}: {status['error']}")
        prompt = api.get(f"/api/v1/hitl/{job_id}/prompt").body
        console.print(panel(prompt))
        response = reply_to(prompt, document, first=prompt["prompt_type"] not in asked)
        asked.add(prompt["prompt_type"])
        console.print(f"  → {spoken(response)}")
        api.post(f"/api/v1/hitl/{job_id}/response", response)
    raise Failed(f"the job asked more than {QUESTIONS_AT_MOST} times")


def watch(api: Api, console: Console, job_id: str) -> Any:
    """Poll until the job waits for a person or has ended."""
    path = f"/api/v1/jobs/{job_id}/status"
    columns = (TextColumn(BAR), BarColumn(), TimeElapsedColumn())
    polls, seen, moved_at = 0, "", time.monotonic()
    quiet = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=quiet) as progress:
        bar = progress.add_task("waiting", total=100)
        while True:
            reply = api.get(path, quiet=True)
            polls += 1
            if (said := show(progress, bar, reply.body)) != seen:
                seen, moved_at = said, time.monotonic()
                console.print(f"  [dim]{escape(said)}[/dim]")
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


def panel(prompt: Any) -> Panel:
    """The question as a person sees it."""
    asked = prompt["data"]
    parts = [escape(asked.get("message", ""))]
    parts += [facts(asked)] if asked.get("found") else []
    parts += [
        f"{file['path']}, {len(file['text'])} characters" for file in files(asked)
    ]
    parts += [question_line(question) for question in asked.get("questions", [])]
    title = f"{prompt['prompt_type']}, round {prompt['round']}"
    return Panel("\n".join(filter(None, parts)), title=title, title_align="left")


def files(asked: Any) -> list[Any]:
    return list(asked.get("files", []))


def facts(asked: Any) -> str:
    """What the job has understood so far, topic by topic."""
    found = asked["found"].items()
    return "\n".join(f"[bold]{topic}:[/bold] {escape(text)}" for topic, text in found)


def question_line(question: Any) -> str:
    options = " | ".join(question.get("options", []))
    return f"[bold]{escape(question['text'])}[/bold] [dim]{escape(options)}[/dim]"


def reply_to(prompt: Any, document: Document, *, first: bool) -> dict[str, Any]:
    """Feedback to the first draft that is shown, an answer to what is asked."""
    response: dict[str, Any] = {"round": prompt["round"], "action": "proceed"}
    if prompt["prompt_type"] == "preview" and first and document.feedback:
        return {**response, "action": "revise", "feedback": document.feedback}
    questions = prompt["data"].get("questions", [])
    said = {each["id"]: document.answer(each) for each in questions}
    answers = {name: answer for name, answer in said.items() if answer}
    return {**response, "answers": answers} if answers else response


def spoken(response: dict[str, Any]) -> str:
    words = [
        response.get("feedback", ""),
        *map(str, response.get("answers", {}).values()),
    ]
    return escape(
        " ".join([f"{response['action']}:", *filter(None, words)]).rstrip(":")
    )
