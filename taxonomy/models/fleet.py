"""Which fleet this is: what its database has in common with no other."""

import uuid

from django.db import models


class FleetManager(models.Manager["Fleet"]):
    def identity(self) -> str:
        """Made when it is asked for the first time, and never changed."""
        return str(self.get_or_create(pk=Fleet.ONLY)[0].uuid)

    def known_identity(self) -> str:
        """Empty while nobody has asked for it; writes nothing."""
        fleet = self.filter(pk=Fleet.ONLY).first()
        return str(fleet.uuid) if fleet else ""


class Fleet(models.Model):
    """One row. What is written elsewhere about this fleet says whose it is by it."""

    ONLY = 1

    uuid = models.UUIDField(default=uuid.uuid4, editable=False)

    objects = FleetManager()

    def __str__(self) -> str:
        return str(self.uuid)
