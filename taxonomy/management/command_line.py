"""Arguments, the progress bar and the printed report of several commands."""

import json
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import IO, cast

from django.contrib.auth.models import User
from django.core.management.base import CommandError, OutputWrapper
from django.db import DatabaseError
from rich.console import Console
from rich.padding import Padding
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
)
from rich.table import Table
from rich.text import Text

from core.terminal import printable, say, writable
from taxonomy.exceptions import UnknownCategory
from taxonomy.files.gate import SourceRefused
from taxonomy.importing.report import Outcome, Report, sanitized
from taxonomy.models import Category


def active_user(name: str) -> User | None:
    """The user of `--user`; None if it was not given."""
    if not name:
        return None
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"--user: there is no active user {name!r}.")
    return user


def category_named(path: str | None) -> Category | None:
    """The category of `--category`; None if it was not given."""
    if not path:
        return None
    try:
        return Category.objects.named(path)
    except UnknownCategory:
        raise CommandError(f"--category: there is no category {path!r}.") from None


STYLES = {
    **dict.fromkeys(("created", "updated", "renamed", "restored", "moved"), "green"),
    **dict.fromkeys(("skipped", "kept", "archived", "removed"), "yellow"),
    **dict.fromkeys(("refused", "conflict"), "red"),
    "sent": "green",
}


INTERRUPTED = 130
"""The exit code that shells use for Ctrl-C."""
UNWRAPPED = 10_000
"""Columns of a report that goes to a file or a pipe, so that no line is wrapped."""


def with_progress(
    outcomes: Iterable[Outcome], total: int, stderr: OutputWrapper
) -> Iterator[Outcome]:
    """Yield the outcomes and show a progress bar on stderr, if that is a terminal.

    `total` is the number of outcomes that is known at the start; more of them make the
    bar longer.
    """
    console = Console(file=cast(IO[str], stderr._out))
    with Progress(
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        TextColumn("{task.description}", markup=False),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        bar = progress.add_task("", total=total)
        for done, outcome in enumerate(outcomes, start=1):
            name = printable(outcome.name or outcome.path)
            progress.update(
                bar, completed=done, total=max(total, done), description=name[:30]
            )
            yield outcome


@contextmanager
def report_at_end(
    report: Report, stdout: OutputWrapper, *, as_json: bool
) -> Iterator[None]:
    """Print the report when the block ends, also after an error or Ctrl-C."""
    is_printed = True
    try:
        yield
    except KeyboardInterrupt:
        sys.exit(INTERRUPTED)
    except (SourceRefused, OSError, DatabaseError) as error:
        is_printed = bool(report.outcomes)
        raise CommandError(sanitized(str(error))) from None
    finally:
        if is_printed:
            print_report(report, stdout, as_json=as_json)


def print_report(report: Report, stdout: OutputWrapper, *, as_json: bool) -> None:
    if as_json:
        stdout.write(json.dumps(report.as_json(), indent=2) + "\n")
        return
    console = Console(file=cast(IO[str], stdout), highlight=False)
    if not console.is_terminal:
        console.width = UNWRAPPED
    print_table(report, console)


def print_table(report: Report, console: Console) -> None:
    """One row per skill, with its reasons and notes below it."""
    widths = column_widths(report.outcomes, console.width)
    for outcome in report.outcomes:
        console.print(row_for(outcome, widths, console))
        for line in detail_lines(outcome):
            text = Text(writable(line, console), "dim")
            console.print(Padding(text, (0, 0, 0, widths[0] + 1), expand=False))
    say(console, summary(report))
    for note in report.notes:
        say(console, note, "yellow")


def column_widths(outcomes: Iterable[Outcome], room: int) -> tuple[int, int, int]:
    """The widths of action, name and version; the category gets at least a third."""
    cells = [cells_for(outcome) for outcome in outcomes]
    action, name, version = (
        max((len(cell[place]) for cell in cells), default=0) for place in range(3)
    )
    return action, max(min(name, (room - action - version - 3) * 2 // 3), 1), version


def cells_for(outcome: Outcome) -> tuple[str, str, str, str]:
    name = outcome.name or outcome.path or "."
    return str(outcome.action), name, outcome.version, outcome.category


def row_for(outcome: Outcome, widths: tuple[int, int, int], console: Console) -> Table:
    row = Table.grid(padding=(0, 1, 0, 0))
    cells = cells_for(outcome)[: None if outcome.version else 2]
    for width in (*widths[: len(cells) - 1], None):
        row.add_column(width=width, overflow="fold")
    style = STYLES.get(outcome.action, "dim")
    row.add_row(*(Text(writable(cell, console), style) for cell in cells))
    return row


def detail_lines(outcome: Outcome) -> Iterator[str]:
    """The folder, unless it is clear from the name; then reasons and notes."""
    is_plain = not outcome.reasons and outcome.path.endswith(f"/{outcome.name}")
    if outcome.name and outcome.path not in ("", outcome.name) and not is_plain:
        yield f"in {outcome.path}"
    yield from outcome.reasons
    yield from outcome.notes


def summary(report: Report) -> str:
    number = len(report.outcomes)
    skills = "1 skill" if number == 1 else f"{number or 'No'} skills"
    counts = ", ".join(f"{count} {action}" for action, count in report.counts.items())
    dry = " (dry run: nothing was written)" if report.dry_run else ""
    return f"{skills}: {counts}{dry}" if counts else f"{skills}.{dry}"
