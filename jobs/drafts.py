"""Changes to a draft: edit a file, reject it, waive findings (see `jobs.promotion`)."""

from dataclasses import asdict, replace
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.db import transaction

from core.json_values import text_finding
from jobs.engine.phase_context import context_of, load_author, waived_in
from jobs.exceptions import DraftChanged, InvalidJob, NoDraft, TooLarge, WrongState
from jobs.models import Draft, DraftWaiver, Job
from jobs.pipeline.phases import verdict_on
from jobs.pipeline.state import Verdict
from taxonomy.exceptions import NothingToWaive, UnknownWaiver
from taxonomy.files.diffs import FileDiff, differences
from taxonomy.files.file import File, Files, as_files
from taxonomy.files.gate import check_files
from taxonomy.limits import configured_limits
from taxonomy.models import Bundle
from taxonomy.models.address import MAX_NAME_CHARS
from taxonomy.package import by_field
from taxonomy.scan.engine import scan
from taxonomy.skillmd.document import SkillMdError, decode, parse
from taxonomy.skillmd.findings import Chosen, Findings, Waived, is_accepted

SKILL_MD = "SKILL.md"
EDITABLE = (Job.Status.COMPLETED, Job.Status.PENDING_HITL)


def draft_of(job: Job) -> Draft:
    """The job's draft. Raises NoDraft."""
    draft = Draft.objects.select_related("job", "bundle").filter(job=job).first()
    if draft is None:
        raise NoDraft
    return draft


def edit(draft: Draft, path: str, content: bytes | None, *, by: User) -> Draft:
    """Write one file of the draft, or remove it (None), and judge it anew.

    Raises WrongState when the draft is decided or in a worker's hands, DraftChanged
    when somebody else edited it at the same time, TooLarge or InvalidJob for a file
    that no client could unpack.
    """
    files = _edited(draft.bundle.files(), path, content)
    waived = waived_in(draft.job)
    verdict = judged(draft.job, files, waived)
    with transaction.atomic():
        job = hold(draft)
        check_editable(job, draft)
        check_waived(job, waived)
        if not draft.repoint(Bundle.objects.store(files)):
            raise DraftChanged
        note = {"path": path, "by": by.get_username()}
        record(job, name_in(files), verdict, "draft_edited", **note)
    draft.refresh_from_db()
    return draft


def reject(draft: Draft, *, by: User, reason: str) -> Draft:
    """A curator's no; the draft stays readable and is not promotable any more."""
    with transaction.atomic():
        job = hold(draft)
        check_decidable(job, draft)
        rejected = Draft.Status.REJECTED
        if not draft.repoint(draft.bundle, status=rejected, reason=reason):
            raise DraftChanged
        job._move(
            job.status,
            where=Job.objects.filter(pk=job.pk),
            event="rejected",
            note={"by": by.get_username(), "reason": reason},
        )
    draft.refresh_from_db()
    return draft


def hold(draft: Draft) -> Job:
    """Lock the job's row, before the draft's, until the transaction ends.

    The draft then says where it stands; its content stays as it was read, so that
    `repoint` notices when it has changed since.
    """
    job: Job = Job.objects.select_for_update().get(pk=draft.job_id)
    draft.refresh_from_db(fields=["status", "version"])
    return job


def check_editable(job: Job, draft: Draft) -> None:
    if job.status not in EDITABLE or draft.status != Draft.Status.OPEN:
        raise WrongState(
            f"The job is {job.status} and its draft {draft.status}: it cannot be"
            " edited now."
        )


def check_waived(job: Job, judged_with: frozenset[Waived]) -> None:
    """Raises DraftChanged when the verdict at hand knows other waivers than today's."""
    if waived_in(job) != judged_with:
        raise DraftChanged


def check_decidable(job: Job, draft: Draft) -> None:
    if draft.status != Draft.Status.OPEN:
        raise WrongState(f"The draft is {draft.status} already.")
    if job.status != Job.Status.COMPLETED:
        raise WrongState(
            f"The job is {job.status}; a draft is decided on when it is completed."
        )


def name_in(files: Files) -> str:
    """The name that the draft's SKILL.md gives itself; empty if it cannot be kept."""
    content = next((file.content for file in files if file.path == SKILL_MD), b"")
    try:
        name = parse(decode(content)).frontmatter.get("name", "")
    except SkillMdError:
        return ""
    return name if isinstance(name, str) and text_finding(name) is None else ""


def _edited(before: Files, path: str, content: bytes | None) -> Files:
    """The files with one changed. Faults that were there before may be mended later."""
    limits = configured_limits()
    if content is not None and len(content) > limits.file_bytes:
        found = f"{len(content)} bytes; a file may have {limits.file_bytes}."
        raise TooLarge(f"{path[:80]} has {found}", {"content": [found]})
    after = [file for file in before if file.path != path]
    executable = any(file.executable for file in before if file.path == path)
    if content is not None:
        after.append(File(path, content, executable))
    known = check_files(before, limits)
    found_now = check_files(as_files(after), limits)
    if new := tuple(finding for finding in found_now if finding not in known):
        raise InvalidJob("The draft cannot be kept like that.", by_field(new))
    return as_files(after)


def judged(job: Job, files: Files, waived: frozenset[Waived]) -> Verdict:
    """What the phase validate would say of these files: its evals count as well."""
    context = context_of(job, load_author(), lambda percent, message: None)
    return verdict_on(replace(context, draft=files, waived=waived))


def settle(
    draft: Draft, job: Job, verdict: Verdict, event: str, note: dict[str, Any]
) -> None:
    """Keep what validation says by now of a draft that may be edited.

    `job` is its job as it is held. Raises WrongState or DraftChanged.
    """
    check_editable(job, draft)
    if not draft.repoint(draft.bundle):
        raise DraftChanged
    record(job, name_in(draft.bundle.files()), verdict, event, **note)


def record(job: Job, name: str, verdict: Verdict, event: str, **note: Any) -> None:
    """The new verdict on the draft, in the job's row and history."""
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


def open_risks(draft: Draft) -> Findings:
    """What the scan finds in it and nobody waived."""
    waived = waived_in(draft.job)
    found = scan(draft.bundle.files(), configured_limits())
    return tuple(each for each in found if not is_accepted(each, waived))


def waive(draft: Draft, chosen: Chosen, *, by: User, reason: str) -> list[DraftWaiver]:
    """Accept open findings, and judge the draft anew.

    Raises NothingToWaive, WrongState or DraftChanged.
    """
    before = waived_in(draft.job)
    found = chosen.among(open_risks(draft))
    if not found:
        raise NothingToWaive
    accepted = before | {Waived(each.fingerprint, each.severity) for each in found}
    verdict = judged(draft.job, draft.bundle.files(), accepted)
    with transaction.atomic():
        job = hold(draft)
        check_waived(job, before)
        waived: list[DraftWaiver] = DraftWaiver.objects.grant(
            found, by=by, reason=reason, draft=draft
        )
        rules = sorted({each.rule for each in found})
        note = {"by": by.get_username(), "rules": rules}
        settle(draft, job, verdict, "findings_waived", note)
    return waived


def revoke(draft: Draft, waiver_id: int, *, by: User) -> None:
    """The finding counts again. Raises UnknownWaiver, WrongState or DraftChanged."""
    before = waived_in(draft.job)
    waiver = draft.waivers.standing().filter(pk=waiver_id).first()
    if waiver is None:
        raise UnknownWaiver
    accepted = before - {waiver.waived}
    verdict = judged(draft.job, draft.bundle.files(), accepted)
    with transaction.atomic():
        job = hold(draft)
        check_waived(job, before)
        waiver.revoke(by)
        note = {"by": by.get_username(), "rules": [waiver.rule]}
        settle(draft, job, verdict, "waiver_revoked", note)


def changes(job: Job, draft: Files) -> tuple[FileDiff, ...]:
    """What the draft of a refinement changes in the version that is current now."""
    current = job.base.skill.current.bundle.files() if job.base else ()
    return differences(current, draft, settings.SKILLFLEET_MAX_DIFF_LINES)
