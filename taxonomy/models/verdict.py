"""The verdict of validation on a published skill, and the findings curators waived."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models
from django.db.models.functions import Now

from cachelayer import InvalidatingManager, InvalidatingQuerySet
from taxonomy.skillmd.findings import Finding, WaivedFinding, is_waived
from taxonomy.skillmd.report import Report
from taxonomy.skillmd.rule_set import rule_set

if TYPE_CHECKING:
    from taxonomy.models.skill import Skill


MAX_REASON_CHARS = 1000
MAX_FILE_CHARS = 500
MAX_SNIPPET_CHARS = 200


class WaiverQuerySet(InvalidatingQuerySet):
    def active(self) -> "WaiverQuerySet":
        """Waivers that nobody has revoked."""
        return self.filter(revoked_at=None)

    def with_people(self) -> "WaiverQuerySet":
        """Join the people who granted and revoked each waiver."""
        return self.select_related("person", "revoked_by")

    def waived(self) -> frozenset[WaivedFinding]:
        """The findings that the active waivers accept."""
        pairs = self.active().values_list("fingerprint", "severity")
        return frozenset(WaivedFinding(*pair) for pair in pairs)


class WaiverManager(models.Manager.from_queryset(WaiverQuerySet)):  # type: ignore[misc]
    def grant(
        self, findings: Iterable[Finding], *, by: User, reason: str, **of: Any
    ) -> list[Any]:
        """Create a waiver for each finding that is not waived yet.

        `of` is the skill or the draft. Rows are written one by one and not in bulk, so
        that only this owner's cache entries become stale.
        """
        existing = self.filter(**of).waived()
        by_fingerprint = {each.fingerprint: each for each in findings}
        return [
            self.replace(
                by,
                rule=finding.rule,
                severity=str(finding.severity),
                file=finding.file[:MAX_FILE_CHARS],
                line=finding.line,
                snippet=finding.snippet[:MAX_SNIPPET_CHARS],
                fingerprint=finding.fingerprint,
                reason=reason,
                person=by,
                **of,
            )
            for finding in by_fingerprint.values()
            if not is_waived(finding, existing)
        ]

    def replace(self, by: User, **fields: Any) -> Any:
        """Create a waiver; revoke one that accepted the finding at a lower severity."""
        owner = {name: fields[name] for name in ("skill", "draft") if name in fields}
        former = self.active().filter(**owner, fingerprint=fields["fingerprint"])
        for each in former:
            each.revoke(by)
        return self.create(**fields)


class BaseWaiver(models.Model):
    """A curator's acceptance of one finding, with a copy of that finding.

    It holds while the text that the scan found stays the same.
    """

    rule = models.CharField(max_length=64)
    severity = models.CharField(max_length=8, blank=True, default="", db_default="")
    """The accepted severity; if the rule becomes more severe, the finding is open
    again. Empty for old waivers, which hold for every severity."""
    file = models.CharField(max_length=MAX_FILE_CHARS)
    line = models.PositiveIntegerField(null=True, blank=True)
    """The line at the time of the waiver."""
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

    objects = WaiverManager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        position = f"{self.file}:{self.line}" if self.line else self.file
        return f"{self.rule} {position}"

    @property
    def waived(self) -> WaivedFinding:
        return WaivedFinding(self.fingerprint, self.severity)

    def as_fields(self) -> dict[str, Any]:
        """The fields of a copy for another owner: finding, reason, person and time."""
        names = ("rule", "severity", "file", "line", "snippet", "fingerprint", "reason")
        fields = {name: getattr(self, name) for name in names}
        return fields | {"person_id": self.person_id, "granted_at": self.granted_at}

    def revoke(self, by: User) -> None:
        """Make the finding count again; the row is kept as a record."""
        self.revoked_at, self.revoked_by = Now(), by
        self.save(update_fields=["revoked_at", "revoked_by"])


class Waiver(BaseWaiver):
    """A waiver of a finding on a published skill."""

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


class VerdictManager(InvalidatingManager):
    def store(self, skill: "Skill", report: Report) -> None:
        """Store the report on the skill's current version, if it has changed."""
        fields = {
            "status": report.status,
            "score": report.score,
            "errors": len(report.errors),
            "warnings": len(report.warnings),
            "waived": len(report.accepted),
            "report": report.as_json(),
            "digest": skill.current.bundle_id,
            "rules": rule_set(),
        }
        existing = self.filter(pk=skill.pk).first()
        if existing is None:
            self.create(skill=skill, **fields)
        elif any(getattr(existing, name) != value for name, value in fields.items()):
            for name, value in fields.items():
                setattr(existing, name, value)
            existing.save()


class Verdict(models.Model):
    """The report on a skill's current version, stored so that lists can show it."""

    class Status(models.TextChoices):
        PASSED = "passed"
        """It has no findings."""
        WARNINGS = "warnings"
        """It has findings that are worth a look."""
        FAILED = "failed"
        """It breaks a rule, or the scan found a critical risk that nobody waived."""

    skill = models.OneToOneField(
        "taxonomy.Skill", models.CASCADE, primary_key=True, related_name="verdict"
    )
    digest = models.CharField(max_length=64)
    """The digest of the bundle that was validated."""
    rules = models.CharField(max_length=16, blank=True, default="", db_default="")
    """The digest of the rule set; empty for verdicts from before it was stored."""
    status = models.CharField(max_length=8, choices=Status, db_index=True)
    score = models.FloatField()
    errors = models.PositiveIntegerField()
    warnings = models.PositiveIntegerField()
    waived = models.PositiveIntegerField()
    report = models.JSONField()
    judged_at = models.DateTimeField(auto_now=True)

    objects = VerdictManager()

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.status} {self.score:.0%}"
