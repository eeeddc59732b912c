"""The verdict of validation on a published skill, and the findings curators waived."""

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from django.conf import settings
from django.contrib.auth.models import User
from django.db import models, transaction
from django.db.models.functions import Now

from cachelayer import InvalidatingManager, InvalidatingQuerySet
from taxonomy.exceptions import NothingToWaive, SkillChanged, UnknownWaiver
from taxonomy.skillmd.findings import Chosen, Finding, Waived, covers, is_accepted
from taxonomy.skillmd.report import Report
from taxonomy.skillmd.rule_set import rule_set

if TYPE_CHECKING:
    from taxonomy.models.skill import Skill


MAX_REASON_CHARS = 1000
MAX_FILE_CHARS = 500
MAX_SNIPPET_CHARS = 200


class WaivingQuerySet(InvalidatingQuerySet):
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


class Verdict(models.Model):
    """The report on a skill's current version, kept so that lists can show it."""

    class Status(models.TextChoices):
        PASSED = "passed"
        """Nothing was found."""
        WARNINGS = "warnings"
        """Worth a look."""
        FAILED = "failed"
        """It breaks a rule, or the scan found a risk that nobody waived."""

    skill = models.OneToOneField(
        "taxonomy.Skill", models.CASCADE, primary_key=True, related_name="verdict"
    )
    digest = models.CharField(max_length=64)
    """Of the bundle that was judged."""
    rules = models.CharField(max_length=16, blank=True, default="", db_default="")
    """The rule set that judged it; empty: one of before that was kept."""
    status = models.CharField(max_length=8, choices=Status, db_index=True)
    score = models.FloatField()
    errors = models.PositiveIntegerField()
    warnings = models.PositiveIntegerField()
    waived = models.PositiveIntegerField()
    report = models.JSONField()
    judged_at = models.DateTimeField(auto_now=True)

    objects = InvalidatingManager()

    class Meta:
        base_manager_name = "objects"

    def __str__(self) -> str:
        return f"{self.status} {self.score:.0%}"


def said_by(report: Report) -> dict[str, Any]:
    return {
        "status": report.status,
        "score": report.score,
        "errors": len(report.errors),
        "warnings": len(report.warnings),
        "waived": len(report.accepted),
        "report": report.as_json(),
    }


class WithVerdict(models.Model):
    """What a skill does with its verdict and its waivers."""

    class Meta:
        abstract = True

    def judge(self) -> Report:
        """Validate the current files anew, and keep what that says."""
        report = self._report()
        with transaction.atomic():
            held = self._mine.held()
            if held.current_id == self._mine.current_id:
                report = held.settle(report)
        return report

    def settle(self, report: Report | None = None) -> Report:
        """Keep the report on the current files, less what is waived now.

        Who calls holds the skill's row, so that no waiver comes in between.
        """
        skill = self._mine
        report = replace(report or self._report(), waived=self._waived())
        said = said_by(report)
        said |= {"digest": skill.current.bundle_id, "rules": rule_set()}
        known = Verdict.objects.filter(pk=skill.pk).first()
        if known is None:
            Verdict.objects.create(skill=skill, **said)
        elif any(getattr(known, name) != value for name, value in said.items()):
            for name, value in said.items():
                setattr(known, name, value)
            known.save()
        return report

    def waive(self, chosen: Chosen, *, by: User, reason: str) -> list[Waiver]:
        """Accept findings of the scan that are open. Raises NothingToWaive."""
        report = self._report()
        found = chosen.among(report.open_risks)
        with transaction.atomic():
            held = self._hold_as_judged()
            waived: list[Waiver] = Waiver.objects.grant(
                found, by=by, reason=reason, skill=held
            )
            if not waived:  # or somebody else was quicker
                raise NothingToWaive
            held.settle(report)
        return waived

    def adopt(self, waivings: Iterable[Waiving]) -> None:
        """Take over what was waived in a draft, with its persons and reasons."""
        there = self._waived()
        for each in waivings:
            if not covers(there, each.waived):
                Waiver.objects.put(each.person, skill=self._mine, **granted(each))

    def revoke(self, waiver_id: int, *, by: User) -> None:
        """The finding counts again. Raises UnknownWaiver."""
        report = self._report()
        with transaction.atomic():
            held = self._hold_as_judged()
            waiver = held.waivers.standing().filter(pk=waiver_id).first()
            if waiver is None:
                raise UnknownWaiver
            waiver.revoke(by)
            held.settle(report)

    def _report(self) -> Report:
        package = self._mine.current.bundle.package()
        return package.report_with(self._waived())

    def _waived(self) -> frozenset[Waived]:
        return Waiver.objects.filter(skill_id=self.pk).waived()

    def _hold_as_judged(self) -> "Skill":
        """Raises SkillChanged when another version is current by now."""
        held = self._mine.held()
        if held.current_id != self._mine.current_id:
            raise SkillChanged
        return held

    @property
    def _mine(self) -> "Skill":
        return cast("Skill", self)


def granted(waiving: Waiving) -> dict[str, Any]:
    """The fields of a waiver that say what was accepted, by whom, when and why."""
    names = ("rule", "severity", "file", "line", "snippet", "fingerprint", "reason")
    same = {name: getattr(waiving, name) for name in names}
    return same | {"person_id": waiving.person_id, "granted_at": waiving.granted_at}
