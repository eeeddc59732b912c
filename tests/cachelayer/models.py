"""Group proxies whose bulk methods invalidate; a proxy needs no table."""

from django.contrib.auth.models import Group

from cachelayer import InvalidatingManager


class BulkGroup(Group):
    objects = InvalidatingManager()

    class Meta:
        app_label = "cache_tests"  # not installed, so no migration is missing
        proxy = True
        base_manager_name = "objects"
