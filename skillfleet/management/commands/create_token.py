from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management.base import BaseCommand, CommandError, CommandParser

from skillfleet.accounts.tokens import make_token
from skillfleet.api.errors import Conflict


class Command(BaseCommand):
    help = "Make an API token for a user and print it. It cannot be shown again."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user", help="the user's name")
        parser.add_argument(
            "--days",
            type=int,
            default=settings.SKILLFLEET_TOKEN_DAYS,
            help="for how many days it is valid (default: %(default)s)",
        )

    def handle(self, *, user: str, days: int, **options: Any) -> None:
        if not 1 <= days <= settings.SKILLFLEET_MAX_TOKEN_DAYS:
            limit = settings.SKILLFLEET_MAX_TOKEN_DAYS
            raise CommandError(f"--days may be from 1 to {limit}.")
        owner = User.objects.filter(username=user, is_active=True).first()
        if owner is None:
            raise CommandError(f"There is no active user {user!r}.")
        try:
            self.stdout.write(make_token(owner, days).secret)
        except Conflict as refusal:
            raise CommandError(str(refusal)) from None
