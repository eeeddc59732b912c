"""The hosts that use the cache on this database."""

from datetime import timedelta
from typing import ClassVar

from django.db import models
from django.db.models.functions import Now

from cachelayer.conf import option


class CacheHostQuerySet(models.QuerySet["CacheHost"]):
    def live(self) -> "CacheHostQuerySet":
        """Hosts seen within three refresh intervals, by the database's clock."""
        within = timedelta(seconds=3 * option("HOST_INTERVAL"))
        return self.filter(seen_at__gt=Now() - within)

    def forgettable(self) -> "CacheHostQuerySet":
        """Hosts not seen for a day, whose rows are deleted.

        A host that slept longer finds its own row deleted.
        """
        return self.filter(seen_at__lt=Now() - timedelta(days=1))


class CacheHost(models.Model):
    """One stamp file: the processes that share it see each other's invalidations.

    The table and its key keep the names that they had when this was called Plane.
    """

    host_id = models.CharField(max_length=32, primary_key=True, db_column="plane_id")
    host = models.CharField(max_length=255)
    seen_at = models.DateTimeField()

    objects = CacheHostQuerySet.as_manager()

    class Meta:
        db_table = "cachelayer_plane"
        permissions: ClassVar = [("operate_cache", "Can look at and clear the cache")]

    def __str__(self) -> str:
        return f"{self.host} {self.host_id}"
