"""Show the statistics of this host's cache."""

import json
import time
from typing import IO, Any, cast

from django.core.management.base import BaseCommand, CommandParser
from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from cachelayer.manager import cache_manager
from cachelayer.stats import headline, tables

SECONDS = 1.0


class Command(BaseCommand):
    help = "Show hits, misses and sizes of this host's cache, by tier, route, process."

    def add_arguments(self, parser: CommandParser) -> None:
        forms = parser.add_mutually_exclusive_group()
        forms.add_argument(
            "--watch", action="store_true", help="refresh each second until Ctrl-C"
        )
        forms.add_argument("--json", action="store_true", help="print a JSON object")

    def handle(self, *, watch: bool, **options: Any) -> None:
        if options["json"]:
            self.stdout.write(json.dumps(cache_manager.get_stats(), indent=2))
            return
        self.stdout.ending = ""  # rich ends its lines itself
        console = Console(
            file=cast(IO[str], self.stdout),
            highlight=False,
            no_color=options["no_color"] or None,
        )
        if not watch:
            console.print(view())
            return
        try:
            follow(console)
        except KeyboardInterrupt:
            console.print()


def follow(console: Console) -> None:
    """Refresh for ever; in a file or pipe, print each view below the last."""
    if not console.is_terminal:
        while True:
            console.print(view())
            time.sleep(SECONDS)
    with Live(console=console, auto_refresh=False, screen=False) as live:
        while True:
            live.update(view(), refresh=True)
            time.sleep(SECONDS)


def view() -> RenderableType:
    stats = cache_manager.get_stats()
    warnings = [Text(f"Warning: {each}", "yellow") for each in stats["warnings"]]
    parts = [text_table(*each) for each in tables(stats) if each.rows]
    return Group(*warnings, Text(headline(stats)), *parts)


def text_table(title: str, headers: Any, rows: list[list[str]]) -> Table:
    # With one space between the columns, all of them fit into 80 characters.
    gap = (0, 1, 0, 0)
    table = Table(title=title, title_justify="left", box=None, padding=gap)
    for number, header in enumerate(headers):
        is_name = not number or header == "tier"
        table.add_column(header, justify="left" if is_name else "right")
    for row in rows:
        table.add_row(*map(Text, row))
    return table
