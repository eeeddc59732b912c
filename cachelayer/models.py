"""Which hosts (stamp files) use this database."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now


class PlaneQuerySet(models.QuerySet["Plane"]):
    def live(self) -> "PlaneQuerySet":
        """Seen within three refreshes, by the database's clock."""
        from cachelayer.conf import option

        within = timedelta(seconds=3 * option("PLANE_INTERVAL"))
        return self.filter(seen_at__gt=Now() - within)

    def gone(self) -> "PlaneQuerySet":
        """Not seen for a day. Who slept as long finds their own row gone too."""
        return self.filter(seen_at__lt=Now() - timedelta(days=1))


class Plane(models.Model):
    """One stamp file: the processes that share it see each other's invalidations."""

    plane_id = models.CharField(max_length=32, primary_key=True)
    host = models.CharField(max_length=255)
    seen_at = models.DateTimeField()

    objects = PlaneQuerySet.as_manager()

    class Meta:
        permissions: ClassVar = [("operate_cache", "Can look at and clear the cache")]

    def __str__(self) -> str:
        return f"{self.host} {self.plane_id}"
