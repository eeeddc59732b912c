"""Changes to a draft: edit, reject, waive findings; `jobs.promotion` publishes it."""

from dataclasses import asdict, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from core.json_values import text_finding
from jobs.engine.phase_context import context_of, load_author, waived_in
from jobs.exceptions import DraftChanged, InvalidJob, NoDraft, TooLarge, WrongState
from jobs.models import Draft, DraftWaiver, Job
from jobs.pipeline.context import Context
from jobs.pipeline.phases import verdict_on
from jobs.pipeline.state import Verdict
from taxonomy.exceptions import NothingToWaive, UnknownWaiver
from taxonomy.files.diffs import FileDiff, differences
from taxonomy.files.gate import File, Files, as_files
from taxonomy.limits import configured_limits
from taxonomy.models import Bundle
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.package import SkillPackage, by_field
from taxonomy.scan.engine import scan
from taxonomy.skillmd.findings import FindingFilter, Findings, WaivedFinding, is_waived

EDITABLE = (Job.Status.COMPLETED, Job.Status.PENDING_HITL)


def draft_of(job: Job) -> Draft:
    """The job's draft. Raises NoDraft."""
    draft = Draft.objects.select_related("job", "bundle").filter(job=job).first()
    if draft is None:
        raise NoDraft
    return draft


def edit(draft: Draft, path: str, content: bytes | None, *, by: User) -> Draft:
    """Write or remove (None) one file of the draft, and validate the draft again.

    Raises WrongState when the draft was promoted or rejected, or when its job is
    running; DraftChanged when the draft was edited concurrently; TooLarge or InvalidJob
    for a file that no client could unpack.
    """
    before, waived = draft.bundle.package(), waived_in(draft.job)
    files = _with_file(before.files, path, content)
    context = _context_with(draft.job, files, waived)
    package = context.package
    if package.gate_findings:
        _refuse_new(package.gate_findings, before.gate_findings)
    verdict = verdict_on(context)
    with transaction.atomic():
        job = lock_job(draft)
        check_editable(job, draft)
        check_waived(job, waived)
        if not draft.repoint(Bundle.objects.store(files, digest=package.digest)):
            raise DraftChanged
        note = {"path": path, "by": by.get_username()}
        record_verdict(job, name_in(package), verdict, "draft_edited", **note)
    draft.refresh_from_db()
    return draft


def reject(draft: Draft, *, by: User, reason: str) -> Draft:
    """Reject the draft for good; it can still be read, but not promoted."""
    with transaction.atomic():
        job = lock_job(draft)
        check_decidable(job, draft)
        rejected = Draft.Status.REJECTED
        # The content stays; `repoint` refuses if it was changed meanwhile.
        if not draft.repoint(draft.bundle, status=rejected, reason=reason):
            raise DraftChanged
        # The job's status stays; `_move` records the event.
        job._move(
            job.status,
            where=Job.objects.filter(pk=job.pk),
            event="rejected",
            note={"by": by.get_username(), "reason": reason},
        )
    draft.refresh_from_db()
    return draft


def lock_job(draft: Draft) -> Job:
    """Lock the job's row until the transaction ends, and reread the draft's status.

    The draft's content is not reread, so that `repoint` can tell that it has changed.
    """
    job: Job = Job.objects.select_for_update().get(pk=draft.job_id)
    draft.refresh_from_db(fields=["status", "version"])
    return job


def check_editable(job: Job, draft: Draft) -> None:
    """Raises WrongState."""
    if job.status not in EDITABLE or draft.status != Draft.Status.OPEN:
        raise WrongState(
            f"The job is {job.status} and its draft is {draft.status}, so the draft"
            " cannot be edited."
        )


def check_waived(job: Job, validated_with: frozenset[WaivedFinding]) -> None:
    """Raises DraftChanged if waivers have changed since the validation."""
    if waived_in(job) != validated_with:
        raise DraftChanged


def check_decidable(job: Job, draft: Draft) -> None:
    """Raises WrongState if the draft cannot be promoted or rejected (again)."""
    if draft.status != Draft.Status.OPEN:
        raise WrongState(f"The draft is already {draft.status}.")
    if job.status != Job.Status.COMPLETED:
        raise WrongState(
            f"The job is {job.status}; its draft can be promoted or rejected once the"
            " job is completed."
        )


def name_in(package: SkillPackage) -> str:
    """The name in the draft's SKILL.md; empty if the database cannot store it."""
    name = package.declared_name
    return name if text_finding(name) is None else ""


def _with_file(before: Files, path: str, content: bytes | None) -> Files:
    """The files with one written, or removed (None). Raises TooLarge."""
    limits = configured_limits()
    if content is not None and len(content) > limits.file_bytes:
        size = f"{len(content)} bytes; a file may have {limits.file_bytes}."
        raise TooLarge(f"{path[:80]} has {size}", {"content": [size]})
    after = [file for file in before if file.path != path]
    executable = any(file.executable for file in before if file.path == path)
    if content is not None:
        after.append(File(path, content, executable))
    return as_files(after)


def _refuse_new(findings: Findings, existing: Findings) -> None:
    """Raises InvalidJob for findings that the draft did not have before the edit.

    Existing findings are accepted: a later edit may fix them.
    """
    if new := tuple(finding for finding in findings if finding not in existing):
        raise InvalidJob("The draft would not be a valid package.", by_field(new))


def validate(
    draft: Draft, waived: frozenset[WaivedFinding]
) -> tuple[SkillPackage, Verdict]:
    """The draft's package, and the verdict of the phase `validate`, with evals."""
    context = _context_with(draft.job, draft.bundle.files(), waived, draft.bundle_id)
    return context.package, verdict_on(context)


def _context_with(
    job: Job, draft: Files, waived: frozenset[WaivedFinding], digest: str = ""
) -> Context:
    """The context of the job's phase, but with these files as the draft."""
    context = context_of(job, load_author(), lambda percent, message: None)
    return replace(context, draft=draft, draft_digest=digest, waived=waived)


def record_validation(
    draft: Draft,
    job: Job,
    package: SkillPackage,
    verdict: Verdict,
    event: str,
    note: dict[str, Any],
) -> None:
    """Record a new verdict on a draft whose content is unchanged.

    `job` is the draft's job, whose row is locked. Raises WrongState or DraftChanged.
    """
    check_editable(job, draft)
    if not draft.repoint(draft.bundle):
        raise DraftChanged
    record_verdict(job, name_in(package), verdict, event, **note)


def record_verdict(
    job: Job, name: str, verdict: Verdict, event: str, **note: Any
) -> None:
    """Write the verdict on the draft to the job's row and history."""
    result = {
        **(job.result or {}),
        "name": name,
        "validation": verdict.report,
        "failures": failures_as_json(verdict),
    }
    job._move(
        job.status,
        where=Job.objects.filter(pk=job.pk),
        event=event,
        note={**note, "validation_status": verdict.status},
        validation_status=verdict.status,
        validation_score=verdict.score,
        skill_name=name[:MAX_NAME_CHARS],
        result=result,
    )


def failures_as_json(verdict: Verdict) -> list[dict[str, Any]]:
    return [asdict(failure) for failure in verdict.failures]


def unwaived_findings(draft: Draft) -> Findings:
    """The findings of the security scan that are not waived."""
    waived = waived_in(draft.job)
    findings = scan(draft.bundle.files(), configured_limits())
    return tuple(each for each in findings if not is_waived(each, waived))


def waive(
    draft: Draft, chosen: FindingFilter, *, by: User, reason: str
) -> list[DraftWaiver]:
    """Waive open findings, and validate the draft again.

    Raises NothingToWaive, WrongState or DraftChanged.
    """
    before = waived_in(draft.job)
    findings = chosen.matching(unwaived_findings(draft))
    if not findings:
        raise NothingToWaive
    accepted = before | {
        WaivedFinding(each.fingerprint, each.severity) for each in findings
    }
    package, verdict = validate(draft, accepted)
    with transaction.atomic():
        job = lock_job(draft)
        check_waived(job, before)
        waived: list[DraftWaiver] = DraftWaiver.objects.grant(
            findings, by=by, reason=reason, draft=draft
        )
        rules = sorted({each.rule for each in findings})
        note = {"by": by.get_username(), "rules": rules}
        record_validation(draft, job, package, verdict, "findings_waived", note)
    return waived


def revoke(draft: Draft, waiver_id: int, *, by: User) -> None:
    """Revoke a waiver, and validate the draft again.

    Raises UnknownWaiver, WrongState or DraftChanged.
    """
    before = waived_in(draft.job)
    waiver = draft.waivers.active().filter(pk=waiver_id).first()
    if waiver is None:
        raise UnknownWaiver
    accepted = before - {waiver.waived}
    package, verdict = validate(draft, accepted)
    with transaction.atomic():
        job = lock_job(draft)
        check_waived(job, before)
        waiver.revoke(by)
        note = {"by": by.get_username(), "rules": [waiver.rule]}
        record_validation(draft, job, package, verdict, "waiver_revoked", note)


def changes(job: Job, draft: Files) -> tuple[FileDiff, ...]:
    """The differences between the skill's current version and a refinement's draft."""
    current = job.base.skill.current.bundle.files() if job.base else ()
    return differences(current, draft, settings.SKILLFLEET_MAX_DIFF_LINES)
