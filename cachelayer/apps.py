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
        from cachelayer import checks as ours

        for check in (
            ours.check_options,
            ours.check_alias,
            ours.check_atomic_requests,
            ours.check_user_tier,
            ours.check_folders,
        ):
            checks.register(check, checks.Tags.caches)
        request_started.connect(begin, dispatch_uid="cachelayer")
        post_migrate.connect(make_cache_tables, sender=self, dispatch_uid="cachelayer")
        post_migrate.connect(invalidate_all, sender=self, dispatch_uid="cachelayer.all")


def begin(
    environ: dict[str, Any] | None = None, scope: dict[str, Any] | None = None, **_: Any
) -> None:
    """A request has come. Without our middleware its token is taken here: of each."""
    from cachelayer.http import installed, take_token
    from cachelayer.stats import watch

    carried = scope if environ is None else environ
    if carried is not None and not installed():
        take_token(carried)
    watch.look()


def make_cache_tables(using: str, **_: Any) -> None:
    """The table of a database cache in CACHES is no migration's: make it here."""
    call_command("createcachetable", database=using, verbosity=0)


def invalidate_all(using: str, **_: Any) -> None:
    """`flush` empties tables, and migrations write rows, that no signal tells of."""
    from cachelayer.keys import ROOT
    from cachelayer.transactions import backend, mark

    backend().invalidate_all()
    mark(ROOT, using=using)
    backend().refresh_host()
