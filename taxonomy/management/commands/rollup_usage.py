from typing import Any

from django.core.management.base import BaseCommand

from taxonomy.usage import maintain_usage


class Command(BaseCommand):
    help = "Add usage events to the counts per day, and delete old events and counts."

    def handle(self, **options: Any) -> None:
        total = maintain_usage()
        self.stdout.write(
            f"{total.rolled_up} event(s) rolled up; {total.events} old event(s) and"
            f" {total.counts} old count(s) deleted."
        )
