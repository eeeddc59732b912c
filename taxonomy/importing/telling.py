"""An import in the terminal: a bar while it runs, a table when it is done."""

import json
from collections.abc import Iterable, Iterator
from typing import IO, cast

from django.core.management.base import OutputWrapper
from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from taxonomy.importing.outcomes import Outcome, Report
from taxonomy.terminal import printable, say

STYLES = {
    **dict.fromkeys(("created", "updated", "renamed", "restored", "moved"), "green"),
    **dict.fromkeys(("skipped", "kept", "archived", "removed"), "yellow"),
    **dict.fromkeys(("refused", "conflict"), "red"),
    "sent": "green",
}


def watched(
    outcomes: Iterable[Outcome], total: int, stderr: OutputWrapper
) -> Iterator[Outcome]:
    """The same outcomes; a bar moves with them where somebody watches.

    It is on stderr, so that the report can go elsewhere.
    """
    console = Console(file=cast(IO[str], stderr._out))
    with Progress(
        BarColumn(bar_width=30),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        bar = progress.add_task("", total=total)
        for outcome in outcomes:
            name = printable(outcome.name or outcome.path)
            progress.update(bar, advance=1, description=name[:40])
            yield outcome


def tell_report(report: Report, stdout: OutputWrapper, *, as_json: bool) -> None:
    if as_json:
        stdout.write(json.dumps(report.as_json(), indent=2) + "\n")
    else:
        tell(report, Console(file=cast(IO[str], stdout), highlight=False))


def tell(report: Report, console: Console) -> None:
    """Every skill with what was done; reasons and notes below its line."""
    for outcome in report.outcomes:
        say(console, line_of(outcome), STYLES.get(outcome.action, "dim"))
        for text in (*outcome.reasons, *outcome.notes):
            say(console, f"{'':<10} {text}", "dim")
    tell_counts(report, console)


def line_of(outcome: Outcome) -> str:
    place = f"{outcome.category}/{outcome.name}" if outcome.category else outcome.name
    named = f"{place or outcome.path} {outcome.version}".rstrip()
    came = f"  ({outcome.path})" if outcome.path not in ("", outcome.name) else ""
    return f"{outcome.action:<10} {named}{came}"


def tell_counts(report: Report, console: Console) -> None:
    counts = ", ".join(f"{count} {action}" for action, count in report.counts.items())
    dry = " (dry run: nothing was written)" if report.dry_run else ""
    say(console, f"{len(report.outcomes)} skills: {counts}{dry}")
