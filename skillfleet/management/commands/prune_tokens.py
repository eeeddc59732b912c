from typing import Any

from django.core.management.base import BaseCommand

from skillfleet.accounts.tokens import expired_tokens


class Command(BaseCommand):
    help = "Remove API tokens that have expired."

    def handle(self, **options: Any) -> None:
        removed, _ = expired_tokens().delete()
        self.stdout.write(f"{removed} token(s) removed.")
