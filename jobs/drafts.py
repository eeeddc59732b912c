"""The verbs of a draft: edit by hand, promote, reject.

What is promoted is byte for byte what was reviewed, unless the curator gives it
another name: that is written into its SKILL.md, and validated again.
"""

from typing import Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models.functions import Now

from jobs.exceptions import (
    DraftChanged,
    InvalidJob,
    JobError,
    NoDraft,
    NotPromotable,
    TooLarge,
    WrongState,
)
from jobs.models import Draft, Job
from taxonomy.admission import by_field, configured_limits, with_name
from taxonomy.exceptions import NameTaken, TaxonomyError
from taxonomy.models import Bundle, Skill
from taxonomy.models.paths import MAX_NAME_CHARS
from taxonomy.models.publishing import Published
from taxonomy.packaging.files import File, Files, as_files
from taxonomy.packaging.gate import check_files
from taxonomy.skillmd.document import decode, parse
from taxonomy.skillmd.errors import SkillMdError
from taxonomy.skillmd.report import Report, validate

SKILL_MD = "SKILL.md"
EDITABLE = (Job.Status.COMPLETED, Job.Status.PENDING_HITL)


def draft_of(job: Job) -> Draft:
    """The job's draft. Raises NoDraft."""
    draft = Draft.objects.select_related("job", "bundle").filter(job=job).first()
    if draft is None:
        raise NoDraft
    return draft


def edit(draft: Draft, path: str, content: bytes | None, *, by: User) -> Draft:
    """Write one file of the draft, or remove it (None), and validate again.

    Raises WrongState when the draft is decided or in a worker's hands, DraftChanged
    when somebody else edited it at the same time, TooLarge or InvalidJob for a file
    that no client could unpack.
    """
    files = _edited(draft.bundle.files(), path, content)
    report = _validated(files)
    with transaction.atomic():
        job = _locked(draft)
        if job.status not in EDITABLE or draft.status != Draft.Status.OPEN:
            raise WrongState(
                f"The job is {job.status} and its draft {draft.status}: it cannot be"
                " edited now."
            )
        bundle = Bundle.objects.store(files)
        if not _point(draft, bundle, status=Draft.Status.OPEN):
            raise DraftChanged
        _record(job, report, event="draft_edited", path=path, by=by.get_username())
    draft.refresh_from_db()
    return draft


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


def promote(
    draft: Draft,
    *,
    by: User,
    taxonomy_path: str = "",
    name: str = "",
    version: str = "",
) -> Published:
    """Publish the draft as the next version of an active skill.

    Raises WrongState, NotPromotable, or what `Skill.objects.publish` raises; then
    nothing is written.
    """
    with transaction.atomic():
        job = _locked(draft)
        _check_promotable(job, draft)
        files = _renamed(draft.bundle.files(), name)
        published = _publish(job, files, by, taxonomy_path, version)
        _point(
            draft,
            published.version.bundle,
            status=Draft.Status.PROMOTED,
            version=published.version,
        )
        job._move(
            job.status,
            where=Job.objects.filter(status=Job.Status.COMPLETED),
            event="promoted",
            note={
                "by": by.get_username(),
                "path": published.skill.path,
                "version": published.version.number,
            },
            final_path=published.skill.path,
        )
    draft.refresh_from_db()
    return published


def promote_for_owner(job: Job) -> None:
    """Promote as `auto_promote` asks: when validation passed and the owner may.

    A refusal leaves the job completed with its draft, and says why in its history.
    """
    job.refresh_from_db()
    refused = ""
    if job.validation_status != Job.ValidationStatus.PASSED:
        refused = f"Validation: {job.validation_status}."
    elif not job.user.has_perm("jobs.promote_draft"):
        refused = "The owner may not promote drafts."
    else:
        try:
            with transaction.atomic():
                promote(draft_of(job), by=job.user)
        except (JobError, TaxonomyError) as error:
            refused = str(error)
    if refused:
        job._move(
            job.status,
            where=Job.objects.filter(pk=job.pk),
            event="promotion_refused",
            note={"reason": refused},
        )


def reject(draft: Draft, *, by: User, reason: str) -> Draft:
    """A curator's no; the draft stays readable and is not promotable any more."""
    with transaction.atomic():
        job = _locked(draft)
        _check_decidable(job, draft)
        _point(draft, draft.bundle, status=Draft.Status.REJECTED, reason=reason)
        job._move(
            job.status,
            where=Job.objects.filter(pk=job.pk),
            event="rejected",
            note={"by": by.get_username(), "reason": reason},
        )
    draft.refresh_from_db()
    return draft


def _locked(draft: Draft) -> Job:
    """The job's row, before the draft's; the draft as it is now."""
    job = Job.objects.select_for_update().get(pk=draft.job_id)
    draft.refresh_from_db(fields=["status", "version"])
    return job


def _check_decidable(job: Job, draft: Draft) -> None:
    if draft.status != Draft.Status.OPEN:
        raise WrongState(f"The draft is {draft.status} already.")
    if job.status != Job.Status.COMPLETED:
        raise WrongState(
            f"The job is {job.status}; a draft is decided on when it is completed."
        )


def _check_promotable(job: Job, draft: Draft) -> None:
    _check_decidable(job, draft)
    if not job.validation_passed:
        raise NotPromotable(
            "Validation failed. Mend the findings by editing the draft's files"
            " (GET /api/v1/drafts/{job_id} lists them), then promote again."
        )


def _publish(
    job: Job, files: Files, by: User, taxonomy_path: str, version: str
) -> Published:
    published = Skill.objects.publish(
        files,
        category=taxonomy_path or job.intended_taxonomy_path or None,
        author=job.user,
        number=version or None,
        change_summary=f"From job {job.pk}, promoted by {by.get_username()}.",
        traits={"style": job.options["style"]} if job.options.get("style") else None,
    )
    new = job.job_type == Job.Type.SKILL_CREATION
    if new and not published.created:
        raise NameTaken(
            name=f"There is a {published.skill.name!r} already; give another name."
        )
    return published


def _renamed(files: Files, name: str) -> Files:
    """The files with another name in the frontmatter; raises NotPromotable."""
    if not name or name_in(files) == name:
        return files
    renamed = with_name(files, name)
    report = validate(renamed, name, configured_limits())
    if report.status == "failed":
        raise NotPromotable(
            f"With the name {name!r} the skill is not valid.",
            {"name": [str(error) for error in report.errors]},
        )
    return renamed


def _skill_md(files: Files) -> bytes:
    return next((file.content for file in files if file.path == SKILL_MD), b"")


def name_in(files: Files) -> str:
    """The name that the draft's SKILL.md gives itself; empty if it cannot be read."""

    try:
        frontmatter = parse(decode(_skill_md(files))).frontmatter
    except SkillMdError:
        return ""
    name = frontmatter.get("name", "")
    return name if isinstance(name, str) else ""


def _validated(files: Files) -> tuple[str, Report]:
    name = name_in(files)
    return name, validate(files, name, configured_limits())


def _point(draft: Draft, bundle: Bundle, *, status: str, **fields: Any) -> bool:
    """Point an open draft at content, unless it has been pointed elsewhere."""
    unchanged = Draft.objects.filter(
        pk=draft.pk, status=Draft.Status.OPEN, bundle_id=draft.bundle_id
    )
    return bool(
        unchanged.update(bundle=bundle, status=status, updated_at=Now(), **fields)
    )


def _record(
    job: Job, validated: tuple[str, Report], *, event: str, **note: Any
) -> None:
    """What the new verdict on the draft is, in the job's row and history."""
    name, report = validated
    result = {**(job.result or {}), "name": name, "validation": report.as_json()}
    job._move(
        job.status,
        where=Job.objects.filter(pk=job.pk),
        event=event,
        note={**note, "validation_status": report.status},
        validation_status=report.status,
        validation_score=report.score,
        skill_name=name[:MAX_NAME_CHARS],
        result=result,
    )
