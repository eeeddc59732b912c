"""A job's question in the terminal, and what the person types."""

import sys
import termios
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from rich.console import Console

from core.terminal import printable, say
from jobs.models import Question

ACTIONS = {action[0]: action for action in Question.Action.values}
"""By their first letter: p, r, c."""


@dataclass(frozen=True)
class Reply:
    """What a person said to a question."""

    action: str
    answers: Mapping[str, Any] = field(default_factory=dict)
    feedback: str = ""


def ask(console: Console, question: Question) -> Reply:
    """Show the question and read the reply. Raises EOFError when nobody is there."""
    prompt = question.prompt
    _forget_typed_ahead()
    _show(console, question)
    asked = prompt.get("questions", ())
    answers = {}
    for number, item in enumerate(asked, start=1):
        say(console, f"\n{number}/{len(asked)}  {item['text']}", "bold")
        if item.get("rationale"):
            say(console, f"     {item['rationale']}", "dim")
        if answer := _answer(console, item):
            answers[item["id"]] = answer
    action = _action(console)
    feedback = ""
    if action == Question.Action.REVISE:
        if prompt.get("revision_hint"):
            say(console, prompt["revision_hint"], "dim")
        feedback = _something(console, "What should be different? ")
    return Reply(action, answers, feedback)


def _forget_typed_ahead() -> None:
    """What was typed at the progress bar is no answer to what is asked now."""
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
    for line in _findings(prompt):
        say(console, f"  - {line}", "yellow")


def _findings(prompt: Mapping[str, Any]) -> Iterator[str]:
    for failure in prompt.get("failures", ()):
        yield ": ".join(filter(None, (failure["text"], failure.get("reason"))))
    report = prompt.get("validation", {})
    for finding in (*report.get("errors", ()), *report.get("warnings", ())):
        yield finding["message"]


def _first_line(text: str) -> str:
    lines = text.strip().splitlines()
    return f"{lines[0]} …" if len(lines) > 1 else "".join(lines)


def _answer(console: Console, item: Mapping[str, Any]) -> str | list[str]:
    """The reply to one question; empty leaves it open."""
    options = item.get("options", ())
    for number, option in enumerate(options, start=1):
        say(console, f"     {number}) {option}")
    if not options:
        return _read(console, "     Answer (Enter leaves it open): ")
    many = item.get("type") == "multi_choice"
    wanted = "Numbers, with commas" if many else "Number"
    while typed := _read(console, f"     {wanted} (Enter leaves it open): "):
        chosen = [_choice(options, part) for part in _parts(typed, many)]
        if None not in chosen:
            picked = [str(each) for each in chosen]
            return picked if many else picked[0]
        say(console, f"     Type a number from 1 to {len(options)}.", "red")
    return ""


def _parts(typed: str, many: bool) -> list[str]:
    return typed.replace(",", " ").split() if many else [typed]


def _choice(options: Iterable[str], typed: str) -> str | None:
    """The option that was meant, by its number or its own words."""
    known = list(options)
    if typed.isdecimal() and 1 <= int(typed) <= len(known):
        return known[int(typed) - 1]
    return typed if typed in known else None


def _action(console: Console) -> str:
    """One of `Question.Action`; Enter proceeds."""
    while True:
        typed = _read(console, "\n[p]roceed, [r]evise or [c]ancel? (Enter proceeds) ")
        action = ACTIONS.get(typed[:1].lower(), "") if typed else "proceed"
        if action and action.startswith(typed.lower()):
            return action
        say(console, "Type p, r or c.", "red")


def _something(console: Console, prompt: str) -> str:
    while not (typed := _read(console, prompt)):
        say(console, "Say it in a sentence.", "red")
    return typed


def _read(console: Console, prompt: str) -> str:
    typed = console.input(prompt, markup=False, emoji=False)
    return printable(typed).strip()
