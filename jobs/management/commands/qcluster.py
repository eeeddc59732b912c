"""Runs the workers; it replaces django-q2's command of the same name."""

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from jobs.engine.cluster import Cluster


class Command(BaseCommand):
    help = "Run the workers that write skills; stop them with SIGTERM or Ctrl-C."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--workers",
            type=int,
            default=settings.SKILLFLEET_WORKERS,
            help="how many worker processes to run (default %(default)s)",
        )

    def handle(self, *, workers: int, **options: Any) -> None:
        if workers < 1:
            raise CommandError("--workers: at least 1.")
        self.stdout.write(
            f"Skill Fleet cluster: {workers} worker(s); stop with Ctrl-C."
        )
        Cluster(workers).run()
