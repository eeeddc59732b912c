from typing import Any

from django.core.management.base import BaseCommand

from taxonomy.usage import keep_usage


class Command(BaseCommand):
    help = "Roll usage up into counts per day, and remove what is old."

    def handle(self, **options: Any) -> None:
        kept = keep_usage()
        self.stdout.write(
            f"{kept.rolled_up} event(s) rolled up, {kept.events} old event(s) and"
            f" {kept.counts} old count(s) removed."
        )
