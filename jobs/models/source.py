"""The texts that a job is written from."""

from django.db import models


class Source(models.Model):
    """One document that the user gave, as text."""

    job = models.ForeignKey("jobs.Job", models.CASCADE, related_name="sources")
    name = models.CharField(max_length=255)
    media_type = models.CharField(max_length=100, default="text/markdown")
    text = models.TextField()

    class Meta:
        ordering = ("pk",)

    def __str__(self) -> str:
        return self.name
