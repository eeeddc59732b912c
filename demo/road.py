"""The main job, step by step, as a client of the API walks it."""

from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.rule import Rule
from rich.syntax import Syntax

from demo.api import Api, Reply
from demo.document import Document
from demo.failure import Failed
from demo.following import follow

HEAD_LINES = 24
EDIT = "Reviewed in the demo."


def walk(api: Api, console: Console, document: Document) -> str:
    """From submission to the edited skill; returns the skill's name."""
    job_id = submit(api, console, document)
    step(console, "The worker works, the job asks, its owner answers")
    status = follow(api, console, job_id, document)
    step(console, "The draft, and what its evals and its validation say")
    show_draft(api, console, job_id, status)
    step(console, "A curator promotes it")
    name = promote(api, console, job_id)
    step(console, "Anyone reads it: computed once, then served from the cache")
    read_twice(api, name)
    step(console, "A curator edits it: the cached copy is retired")
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
    """Each eval with a tick, or with what went wrong."""
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
            wrong = failed.get((kind, text))
            mark = "[green]✓[/green]" if wrong is None else "[red]✗[/red]"
            line = text.splitlines()[0][:60]
            console.print(f"  {mark} {escape(line)} [dim]{wrong or outcome}[/dim]")


def show_validation(console: Console, draft: Any) -> None:
    checks = draft["validation"]["checks"]
    missed = [check["title"] for check in checks if not check["passed"]]
    told = f"missed: {', '.join(missed)}" if missed else f"all {len(checks)} checks"
    console.print(
        f"Validation [bold]{draft['validation_status']}[/bold], "
        f"score {draft['validation_score']:.2f}, {escape(told)}"
    )


def show_text(console: Console, text: str) -> None:
    lines = text.splitlines()
    shown = "\n".join(lines[:HEAD_LINES])
    console.print(Syntax(shown, "markdown", word_wrap=True, background_color="default"))
    if len(lines) > HEAD_LINES:
        console.print(f"[dim]… {len(lines) - HEAD_LINES} more lines[/dim]")


def promote(api: Api, console: Console, job_id: str) -> str:
    reply = api.post(f"/api/v1/drafts/{job_id}/promote", {})
    made = reply.body
    console.print(f"{made['skill']} {made['version']} at {made['path']}")
    return str(made["skill"])


def read_twice(api: Api, name: str) -> None:
    expect_cache(api.get(f"/api/v1/skills/{name}", anonymous=True), "MISS")
    expect_cache(api.get(f"/api/v1/skills/{name}", anonymous=True), "HIT")


def expect_cache(reply: Reply, verdict: str) -> Any:
    found = reply.headers.get("X-Cache")
    if found != verdict:
        raise Failed(f"X-Cache is {found}, not {verdict}")
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
    for label, shown in (("was", before), ("is", after)):
        described = escape(shown["description"])
        console.print(f"  {label:>3} {shown['version']}: {described}")
    if not after["description"].endswith(EDIT):
        raise Failed("the read after the edit shows the old value")
    expect_cache(api.get(path, anonymous=True), "HIT")


def with_longer_description(skill_md: str) -> tuple[str, str]:
    """The text with one changed line, and that line.

    The server writes a description as one line between double quotes.
    """
    for line in skill_md.splitlines():
        if line.startswith("description:") and line.endswith('"'):
            longer = f'{line[:-1]} {EDIT}"'
            return skill_md.replace(line, longer, 1), longer
    raise Failed("SKILL.md has no description on a line of its own")
