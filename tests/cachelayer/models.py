"""Groups whose bulk methods retire; a proxy needs no table."""

from django.contrib.auth.models import Group

from cachelayer import RetiringManager


class BulkGroup(Group):
    objects = RetiringManager()

    class Meta:
        app_label = "auth"
        proxy = True
        base_manager_name = "objects"
