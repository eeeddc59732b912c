"""The steps of the demo; each is a request that any client could send."""

import time
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.rule import Rule
from rich.syntax import Syntax

from demo.api import Api, Failed, Reply
from demo.document import Document

POLL_SECONDS = 0.2
MOVES_WITHIN = 90.0
QUESTIONS_AT_MOST = 12
BAR = "{task.description} {task.percentage:>3.0f} %"


def follow(api: Api, console: Console, job_id: str, document: Document) -> Any:
    """Follow the job to its end; return its last status."""
    seen_types: set[str] = set()
    for _ in range(QUESTIONS_AT_MOST + 1):
        status = watch(api, console, job_id)
        if status["status"] == "completed":
            return status
        if status["status"] != "pending_hitl":
            raise Failed(f"the job {status['status']}: {status['error']}")
        prompt = api.get(f"/api/v1/hitl/{job_id}/prompt").body
        console.print(panel(prompt))
        response = reply_to(
            prompt, document, first=prompt["prompt_type"] not in seen_types
        )
        seen_types.add(prompt["prompt_type"])
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
            if (line := show(progress, bar, reply.body)) != seen:
                seen, moved_at = line, time.monotonic()
                console.print(f"  [dim]{escape(line)}[/dim]")
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
    content = prompt["data"]
    parts = [escape(content.get("message", ""))]
    parts += [facts(content)] if content.get("found") else []
    parts += [
        f"{file['path']}, {len(file['text'])} characters" for file in files(content)
    ]
    parts += [question_line(question) for question in content.get("questions", [])]
    title = f"{prompt['prompt_type']}, round {prompt['round']}"
    return Panel("\n".join(filter(None, parts)), title=title, title_align="left")


def files(content: Any) -> list[Any]:
    return list(content.get("files", []))


def facts(content: Any) -> str:
    """What the job has understood so far, topic by topic."""
    items = content["found"].items()
    return "\n".join(f"[bold]{topic}:[/bold] {escape(text)}" for topic, text in items)


def question_line(question: Any) -> str:
    options = " | ".join(question.get("options", []))
    return f"[bold]{escape(question['text'])}[/bold] [dim]{escape(options)}[/dim]"


def reply_to(prompt: Any, document: Document, *, first: bool) -> dict[str, Any]:
    """Send feedback at the first preview; answer the questions otherwise."""
    response: dict[str, Any] = {"round": prompt["round"], "action": "proceed"}
    if prompt["prompt_type"] == "preview" and first and document.feedback:
        return {**response, "action": "revise", "feedback": document.feedback}
    questions = prompt["data"].get("questions", [])
    replies = {each["id"]: document.answer(each) for each in questions}
    answers = {name: answer for name, answer in replies.items() if answer}
    return {**response, "answers": answers} if answers else response


def spoken(response: dict[str, Any]) -> str:
    words = [
        response.get("feedback", ""),
        *map(str, response.get("answers", {}).values()),
    ]
    return escape(
        " ".join([f"{response['action']}:", *filter(None, words)]).rstrip(":")
    )


HEAD_LINES = 24
EDIT = "Reviewed in the demo."


def run(api: Api, console: Console, document: Document) -> str:
    """Go from submission to the edited skill; return the skill's name."""
    job_id = submit(api, console, document)
    step(console, "The worker runs the job, which asks a question; its owner answers")
    status = follow(api, console, job_id, document)
    step(console, "The draft, the result of its evals, and its validation")
    show_draft(api, console, job_id, status)
    step(console, "A curator promotes it")
    name = promote(api, console, job_id)
    step(console, "Anyone reads it: computed once, then served from the cache")
    read_twice(api, name)
    step(console, "A curator edits the skill: the cached copy is invalidated")
    edit(api, console, name)
    return name


def step(console: Console, title: str) -> None:
    console.print()
    console.print(Rule(f"[bold]{title}[/bold]", align="left"))


def submit(api: Api, console: Console, document: Document) -> str:
    step(console, f"{document.path.name} is submitted")
    console.print(f"Task: {escape(document.task)}")
    body: dict[str, Any] = {
        "task_description": document.task,
        "sources": [{"name": document.path.name, "text": document.text}],
        "checkpoints": ["confirm", "preview"],
    }
    if document.taxonomy_path:
        body["intended_taxonomy_path"] = document.taxonomy_path
    reply = api.post("/api/v1/skills", body, expect=202)
    alive = reply.body["workers_alive"]
    console.print(f"Job {reply.body['job_id']} is {reply.body['status']}, {alive=}")
    return str(reply.body["job_id"])


def show_draft(api: Api, console: Console, job_id: str, status: Any) -> None:
    draft = api.get(f"/api/v1/drafts/{job_id}").body
    for file in draft["files"]:
        console.print(f"  {escape(file['path'])}  {file['size']} bytes")
    show_text(console, draft["skill_md"])
    show_evals(console, status["result"])
    show_validation(console, draft)


def show_evals(console: Console, result: Any) -> None:
    """Print each eval with a tick, or with the reason why it fails."""
    failed = {
        (each["kind"], each["text"]): each["reason"] for each in result["failures"]
    }
    kinds = (
        ("positive", "positives", "selects it"),
        ("near_miss", "near_misses", "does not select it"),
        ("fact", "facts", "is in it"),
    )
    for kind, key, outcome in kinds:
        for text in result["evals"][key]:
            reason = failed.get((kind, text))
            mark = "[green]✓[/green]" if reason is None else "[red]✗[/red]"
            line = text.splitlines()[0][:60]
            console.print(f"  {mark} {escape(line)} [dim]{reason or outcome}[/dim]")


def show_validation(console: Console, draft: Any) -> None:
    checks = draft["validation"]["checks"]
    missed = [check["title"] for check in checks if not check["passed"]]
    result = f"missed: {', '.join(missed)}" if missed else f"all {len(checks)} checks"
    console.print(
        f"Validation [bold]{draft['validation_status']}[/bold], "
        f"score {draft['validation_score']:.2f}, {escape(result)}"
    )


def show_text(console: Console, text: str) -> None:
    lines = text.splitlines()
    excerpt = "\n".join(lines[:HEAD_LINES])
    console.print(
        Syntax(excerpt, "markdown", word_wrap=True, background_color="default")
    )
    if len(lines) > HEAD_LINES:
        console.print(f"[dim]… {len(lines) - HEAD_LINES} more lines[/dim]")


def promote(api: Api, console: Console, job_id: str) -> str:
    reply = api.post(f"/api/v1/drafts/{job_id}/promote", {})
    skill = reply.body
    console.print(f"{skill['skill']} {skill['version']} at {skill['path']}")
    return str(skill["skill"])


def read_twice(api: Api, name: str) -> None:
    expect_cache(api.get(f"/api/v1/skills/{name}", anonymous=True), "MISS")
    expect_cache(api.get(f"/api/v1/skills/{name}", anonymous=True), "HIT")


def expect_cache(reply: Reply, verdict: str) -> Any:
    outcome = reply.headers.get("X-Cache")
    if outcome != verdict:
        raise Failed(f"X-Cache is {outcome}, not {verdict}")
    return reply.body


def edit(api: Api, console: Console, name: str) -> None:
    """Publish the skill again with one line changed, and read the new value."""
    path = f"/api/v1/skills/{name}"
    before = api.get(path, anonymous=True, quiet=True).body
    skill_md = api.get(f"{path}/files/SKILL.md").body
    changed, line = with_longer_description(skill_md)
    console.print(f"  [green]+ {escape(line)}[/green]")
    api.put(path, {"content": changed})
    after = expect_cache(api.get(path, anonymous=True), "MISS")
    for label, skill in (("was", before), ("is", after)):
        described = escape(skill["description"])
        console.print(f"  {label:>3} {skill['version']}: {described}")
    if not after["description"].endswith(EDIT):
        raise Failed("the read after the edit shows the old value")
    expect_cache(api.get(path, anonymous=True), "HIT")


def with_longer_description(skill_md: str) -> tuple[str, str]:
    """The text with a longer description, and the changed line.

    The server writes a description as one line between double quotes.
    """
    for line in skill_md.splitlines():
        if line.startswith("description:") and line.endswith('"'):
            longer = f'{line[:-1]} {EDIT}"'
            return skill_md.replace(line, longer, 1), longer
    raise Failed("SKILL.md has no description on a line of its own")
