"""Promotion: publishes a draft as a new version of a skill.

The files are published byte for byte as they were reviewed. The only exception: if the
curator gives another name, SKILL.md gets that name, and the skill is validated again.
"""

from django.contrib.auth.models import User
from django.db import transaction

from jobs.drafts import (
    check_decidable,
    check_waived,
    draft_of,
    lock_job,
    name_in,
    record_validation,
    validate,
)
from jobs.engine.phase_context import waived_in
from jobs.exceptions import (
    DraftChanged,
    InvalidJob,
    JobError,
    NotPromotable,
    SkillMovedOn,
)
from jobs.models import Draft, DraftWaiver, Job
from taxonomy.exceptions import (
    NameTaken,
    SkillChanged,
    TaxonomyError,
    UnknownCategory,
)
from taxonomy.models import Skill
from taxonomy.package import SkillPackage
from taxonomy.publishing import Published
from taxonomy.skillmd.findings import WaivedFinding


def promote(
    draft: Draft,
    *,
    by: User,
    taxonomy_path: str = "",
    name: str = "",
    version: str = "",
    digest: str = "",
    over_newer: bool = False,
) -> Published:
    """Publish the draft as it was read, if it passes validation with today's waivers.

    An empty path or name stands for the draft's own, an empty version for the next.
    `digest`, if given, must be that of the draft's content. A refinement is published
    only if the version that it started from is still current, or with `over_newer`.
    Raises DraftChanged if content or waivers have changed, SkillMovedOn, WrongState,
    NotPromotable, or what `Skill.objects.publish` raises; then nothing is published.
    """
    if digest and digest != draft.bundle_id:
        raise DraftChanged
    check_decidable(draft.job, draft)
    # Validate before any row is locked: a scan may take seconds.
    waived = waived_in(draft.job)
    reviewed = _check_passes(draft, waived)
    package = _renamed(reviewed, name, waived)
    if draft.job.base:
        _check_keeps_its_name(draft.job.base.skill.name, reviewed, name)
    return _publish_validated(
        draft, package, waived, by, taxonomy_path, version, over_newer
    )


def _publish_validated(
    draft: Draft,
    package: SkillPackage,
    waived: frozenset[WaivedFinding],
    by: User,
    taxonomy_path: str = "",
    version: str = "",
    over_newer: bool = False,
) -> Published:
    """Publish a package that has passed validation with these findings waived."""
    with transaction.atomic():
        job = _lock_unchanged(draft, waived)
        published = _publish(
            job,
            package,
            by,
            waivers=list(draft.waivers.active()),
            category=taxonomy_path or (None if job.base else _intended_category(job)),
            version=version,
            based_on=job.base.bundle_id if job.base and not over_newer else None,
        )
        _record(job, draft, published, by)
    draft.refresh_from_db()
    return published


def _lock_unchanged(draft: Draft, waived: frozenset[WaivedFinding]) -> Job:
    """Lock the job and the refined skill, so that no waiver is added or revoked until
    the transaction ends.

    Raises WrongState, or DraftChanged when the waivers are not `waived` any more.
    """
    job = lock_job(draft)
    check_decidable(job, draft)
    if job.base:
        job.base.skill.locked()  # SELECT FOR UPDATE
    check_waived(job, waived)
    return job


def _record(job: Job, draft: Draft, published: Published, by: User) -> None:
    version = published.version
    promoted = Draft.Status.PROMOTED
    if not draft.repoint(version.bundle, status=promoted, version=version):
        raise DraftChanged
    job._move(
        job.status,
        where=Job.objects.filter(status=Job.Status.COMPLETED),
        event="promoted",
        note={
            "by": by.get_username(),
            "path": published.skill.path,
            "version": version.number,
        },
        final_path=published.skill.path,
    )


def promote_for_owner(job: Job, waived: frozenset[WaivedFinding]) -> None:
    """Promote for the option `auto_promote`, if validation passed and the owner may.

    `waived` are the findings that were waived during validation. The waivers may have
    changed since then; the draft cannot have. If the promotion is refused, the job
    stays completed, and the reason is recorded in its history.
    """
    job.refresh_from_db()
    if job.validation_status != Job.ValidationStatus.PASSED:
        refusal = f"Validation: {job.validation_status}."
    elif not job.user.has_perm("jobs.promote_draft"):
        refusal = "The owner has no permission to promote drafts."
    else:
        refusal = _try_to_promote(draft_of(job), waived)
    if refusal:
        job._move(
            job.status,
            where=Job.objects.filter(pk=job.pk),
            event="promotion_refused",
            note={"reason": refusal},
        )


def _try_to_promote(draft: Draft, waived: frozenset[WaivedFinding]) -> str:
    """Promote the draft; return why it was refused, or an empty string."""
    try:
        with transaction.atomic():
            package = draft.bundle.package()
            if draft.job.base:
                _check_keeps_its_name(draft.job.base.skill.name, package, "")
            _publish_validated(draft, package, waived, draft.job.user)
    except (JobError, TaxonomyError) as error:
        return str(error)
    return ""


def _check_passes(draft: Draft, waived: frozenset[WaivedFinding]) -> SkillPackage:
    """Validate the draft again and return its package. Raises NotPromotable.

    If the draft passes now but did not before, or the reverse, this is recorded in the
    job's row and history first.
    """
    package, verdict = validate(draft, waived)
    passes = verdict.status != Job.ValidationStatus.FAILED
    if passes != draft.job.validation_passed:
        with transaction.atomic():
            job = lock_job(draft)
            check_waived(job, waived)
            record_validation(draft, job, package, verdict, "judged_again", {})
    if passes:
        return package
    address = f"/api/v1/drafts/{draft.job_id}"
    raise NotPromotable(
        "Validation failed. Fix the findings by editing the draft's files, or waive"
        f" findings of the scan (GET {address} lists the findings; POST"
        f" {address}/waivers waives them), then promote again."
    )


def _check_keeps_its_name(skill_name: str, package: SkillPackage, name: str) -> None:
    """Raises InvalidJob or NotPromotable if a refinement would get another name."""
    if name not in ("", skill_name):
        raise InvalidJob(
            "A refinement cannot rename the skill.",
            {"name": [f"Leave it empty; PATCH /api/v1/skills/{skill_name} renames."]},
        )
    if name_in(package) != skill_name:
        raise NotPromotable(
            f"The draft is the next version of {skill_name!r}, so its SKILL.md must"
            " have that name."
        )


def _intended_category(job: Job) -> str | None:
    return job.intended_taxonomy_path or None


def _publish(
    job: Job,
    package: SkillPackage,
    by: User,
    *,
    category: str | None,
    version: str,
    based_on: str | None,
    waivers: list[DraftWaiver],
) -> Published:
    try:
        published = Skill.objects.publish(
            package,
            category=category,
            author=job.user,
            number=version or None,
            based_on=based_on,
            waivers=waivers,
            change_summary=f"From job {job.pk}, promoted by {by.get_username()}.",
            traits={"style": job.options["style"]} if job.options.get("style") else {},
        )
    except UnknownCategory as error:
        raise InvalidJob(str(error), {"taxonomy_path": [str(error)]}) from error
    except SkillChanged as error:
        raise SkillMovedOn from error
    for_new_skill = job.job_type == Job.Type.SKILL_CREATION
    if for_new_skill and not published.created:
        raise NameTaken(
            name=f"A skill {published.skill.name!r} exists already; give another name."
        )
    return published


def _renamed(
    package: SkillPackage, name: str, waived: frozenset[WaivedFinding]
) -> SkillPackage:
    """The package with this name in its frontmatter, unless the name is empty.

    Raises NotPromotable if the skill is not valid under the name.
    """
    if not name or name_in(package) == name:
        return package
    renamed = package.renamed(name)
    report = renamed.report_with(waived)
    if report.status == "failed":
        raise NotPromotable(
            f"The skill is not valid under the name {name!r}.",
            {"name": [str(error) for error in report.errors]},
        )
    return renamed
