from typing import Any

from django.apps import AppConfig
from django.core import checks
from django.core.management import call_command
from django.core.signals import request_started
from django.db.models.signals import post_migrate


class CacheConfig(AppConfig):
    name = "cachelayer"
    verbose_name = "Cache"
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from cachelayer.checks import CHECKS
        from cachelayer.http import on_request_started

        for check in CHECKS:
            checks.register(check, checks.Tags.caches)
        request_started.connect(on_request_started, dispatch_uid="cachelayer")
        post_migrate.connect(
            create_cache_tables, sender=self, dispatch_uid="cachelayer"
        )
        post_migrate.connect(
            invalidate_everything, sender=self, dispatch_uid="cachelayer.all"
        )


def create_cache_tables(using: str, **_: Any) -> None:
    """Create the tables of database caches in CACHES, which have no migrations."""
    call_command("createcachetable", database=using, verbosity=0)


def invalidate_everything(using: str, **_: Any) -> None:
    """Invalidate all entries: `flush` and migrations change rows without signals."""
    from cachelayer.keys import ROOT
    from cachelayer.transactions import backend, mark

    backend().invalidate_all()
    mark(ROOT, using=using)
    backend().refresh_host()
