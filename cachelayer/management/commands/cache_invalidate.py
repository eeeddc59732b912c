"""Invalidate entries after a change that bypassed the application."""

import getpass
import os
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from cachelayer import manager


class Command(BaseCommand):
    help = (
        "Invalidate the entries of patterns (/a/*: /a and all below), of keys, or all."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("pattern", nargs="*", help="like /a/* or /a")
        parser.add_argument(
            "--key", action="append", default=[], help="the entry with this key text"
        )
        parser.add_argument(
            "--all", action="store_true", dest="everything", help="all entries"
        )

    def handle(
        self, *, pattern: list[str], key: list[str], everything: bool, **_: Any
    ) -> None:
        if not (pattern or key or everything):
            raise CommandError("Give patterns, --key or --all.")
        if not all(text.strip() for text in [*pattern, *key]):
            raise CommandError("A pattern or key must not be empty.")
        by = f"{user_name()} on the command line"
        for each in pattern:
            self.stdout.write(manager.invalidate_pattern(each, by=by))
        for each in key:
            manager.invalidate_key(each, by=by)
            self.stdout.write(each)
        if everything:
            self.stdout.write(manager.clear(by=by))


def user_name() -> str:
    try:
        return getpass.getuser()
    except (ImportError, KeyError, OSError):  # in a container the user may have no name
        return f"user {os.getuid()}"
