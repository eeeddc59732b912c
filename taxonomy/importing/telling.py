"""An import in the terminal: a bar while it runs, a table when it is done."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)

from taxonomy.importing.outcomes import Action, Outcome, Report
from taxonomy.terminal import printable, say

STYLES = {
    Action.CREATED: "green",
    Action.UPDATED: "green",
    Action.RENAMED: "green",
    Action.RESTORED: "green",
    Action.MOVED: "green",
    Action.SKIPPED: "yellow",
    Action.KEPT: "yellow",
    Action.ARCHIVED: "yellow",
    Action.REFUSED: "red",
}


def watched(
    outcomes: Iterable[Outcome], total: int, console: Console
) -> Iterator[Outcome]:
    """The same outcomes; a bar moves with them where somebody watches."""
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
