"""Findings of the scan that a curator accepted, by whom and why."""

from collections.abc import Iterable
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now

from cachelayer import RetiringQuerySet
from taxonomy.skillmd.findings import Finding
from taxonomy.skillmd.waiving import Waived, is_accepted

MAX_REASON_CHARS = 1000
MAX_FILE_CHARS = 500
MAX_SNIPPET_CHARS = 200


class WaivingQuerySet(RetiringQuerySet):
    def standing(self) -> "WaivingQuerySet":
        """Those that nobody has revoked."""
        return self.filter(revoked_at=None)

    def waived(self) -> frozenset[Waived]:
        pairs = self.standing().values_list("fingerprint", "severity")
        return frozenset(Waived(*pair) for pair in pairs)


class WaivingManager(models.Manager.from_queryset(WaivingQuerySet)):  # type: ignore[misc]
    def grant(
        self, findings: Iterable[Finding], *, by: User, reason: str, **of: Any
    ) -> list[Any]:
        """A row for each finding that is open yet; one by one, for the cache."""
        there = self.filter(**of).waived()
        return [
            self.put(
                by,
                rule=found.rule,
                severity=str(found.severity),
                file=found.file[:MAX_FILE_CHARS],
                line=found.line,
                snippet=found.snippet[:MAX_SNIPPET_CHARS],
                fingerprint=found.fingerprint,
                reason=reason,
                person=by,
                **of,
            )
            for found in {found.fingerprint: found for found in findings}.values()
            if not is_accepted(found, there)
        ]

    def put(self, by: User, **said: Any) -> Any:
        """One in place of the one that stands for the finding when it was less bad."""
        owner = {name: said[name] for name in ("skill", "draft") if name in said}
        former = self.standing().filter(**owner, fingerprint=said["fingerprint"])
        for each in former:
            each.revoke(by)
        return self.create(**said)


class Waiving(models.Model):
    """One finding as it was seen. It holds while the text that was found stays."""

    rule = models.CharField(max_length=64)
    severity = models.CharField(max_length=8, blank=True, default="", db_default="")
    """As bad as it was then; it is open again when a rule says worse of it. Empty:
    of before that was kept, and however bad it is."""
    file = models.CharField(max_length=MAX_FILE_CHARS)
    line = models.PositiveIntegerField(null=True, blank=True)
    """Where it stood when it was waived."""
    snippet = models.CharField(max_length=MAX_SNIPPET_CHARS, blank=True)
    fingerprint = models.CharField(max_length=64)
    reason = models.CharField(max_length=MAX_REASON_CHARS)
    person = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="+"
    )
    granted_at = models.DateTimeField(db_default=Now())
    revoked_at = models.DateTimeField(null=True, blank=True)
    revoked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
    )

    objects = WaivingManager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{self.rule} {place}"

    @property
    def waived(self) -> Waived:
        return Waived(self.fingerprint, self.severity)

    def revoke(self, by: User) -> None:
        """The finding counts again; who waived it, and who revoked that, stays."""
        self.revoked_at, self.revoked_by = Now(), by
        self.save(update_fields=["revoked_at", "revoked_by"])


class Waiver(Waiving):
    """Of a published skill."""

    skill = models.ForeignKey("taxonomy.Skill", models.CASCADE, related_name="waivers")

    class Meta:
        base_manager_name = "objects"
        ordering = ("-pk",)
        constraints = (
            models.UniqueConstraint(
                fields=["skill", "fingerprint"],
                condition=models.Q(revoked_at=None),
                name="waived_once",
            ),
        )
