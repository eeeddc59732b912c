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
    def standing(self) -> "WaiverQuerySet":
        """Those that nobody has revoked."""
        return self.filter(revoked_at=None)

    def with_people(self) -> "WaiverQuerySet":
        """Loads with each waiver who granted it and who revoked it."""
        return self.select_related("person", "revoked_by")

    def waived(self) -> frozenset[WaivedFinding]:
        pairs = self.standing().values_list("fingerprint", "severity")
        return frozenset(WaivedFinding(*pair) for pair in pairs)


class WaiverManager(models.Manager.from_queryset(WaiverQuerySet)):  # type: ignore[misc]
    def grant(
        self, findings: Iterable[Finding], *, by: User, reason: str, **of: Any
    ) -> list[Any]:
        """Create a waiver for each finding that is still open.

        One by one and not in bulk, so that only this owner's cache entries become
        stale. `of` is the skill or the draft.
        """
        existing = self.filter(**of).waived()
        return [
            self.replace(
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
            if not is_waived(found, existing)
        ]

    def replace(self, by: User, **fields: Any) -> Any:
        """Create a waiver, and revoke one that accepted the finding as less severe."""
        owner = {name: fields[name] for name in ("skill", "draft") if name in fields}
        former = self.standing().filter(**owner, fingerprint=fields["fingerprint"])
        for each in former:
            each.revoke(by)
        return self.create(**fields)


class BaseWaiver(models.Model):
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

    objects = WaiverManager()

    class Meta:
        abstract = True

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{self.rule} {place}"

    @property
    def waived(self) -> WaivedFinding:
        return WaivedFinding(self.fingerprint, self.severity)

    def as_fields(self) -> dict[str, Any]:
        """What was accepted, by whom, when and why, as fields of another waiver."""
        names = ("rule", "severity", "file", "line", "snippet", "fingerprint", "reason")
        copied = {name: getattr(self, name) for name in names}
        return copied | {"person_id": self.person_id, "granted_at": self.granted_at}

    def revoke(self, by: User) -> None:
        """The finding counts again; who waived it, and who revoked that, stays."""
        self.revoked_at, self.revoked_by = Now(), by
        self.save(update_fields=["revoked_at", "revoked_by"])


class Waiver(BaseWaiver):
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


class VerdictManager(InvalidatingManager):
    def store(self, skill: "Skill", report: Report) -> None:
        """Store the report on the skill's current version, if it says anything new."""
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
        known = self.filter(pk=skill.pk).first()
        if known is None:
            self.create(skill=skill, **fields)
        elif any(getattr(known, name) != value for name, value in fields.items()):
            for name, value in fields.items():
                setattr(known, name, value)
            known.save()


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
