"""From a draft to the next version of an active skill.

What is promoted is byte for byte what was reviewed, unless the curator gives it
another name: that is written into its SKILL.md, and validated again.
"""

from django.contrib.auth.models import User
from django.db import transaction

from jobs.drafts import (
    check_decidable,
    check_waived,
    draft_of,
    hold,
    judged,
    name_in,
    settle,
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
from taxonomy.skillmd.findings import Waived


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
    """Publish the draft as it was read, if it passes with the waivers of now.

    `digest`, if given, is of the content that was reviewed. A refinement goes on top
    of the version it was made from; `over_newer` puts it over whatever is current.
    Raises DraftChanged when the draft has other content or waivers by now,
    SkillMovedOn, WrongState, NotPromotable, or what `Skill.objects.publish` raises;
    then nothing is published.
    """
    if digest and digest != draft.bundle_id:
        raise DraftChanged
    check_decidable(draft.job, draft)
    # Judged while nothing is held: a scan may take seconds.
    waived = waived_in(draft.job)
    reviewed = _check_passes(draft, waived)
    package = _renamed(reviewed, name, waived)
    if draft.job.base:
        _check_keeps_its_name(draft.job.base.skill.name, reviewed, name)
    return _promote_judged(
        draft, package, waived, by, taxonomy_path, version, over_newer
    )


def _promote_judged(
    draft: Draft,
    package: SkillPackage,
    waived: frozenset[Waived],
    by: User,
    taxonomy_path: str = "",
    version: str = "",
    over_newer: bool = False,
) -> Published:
    """Publish a draft that passes validation when this is `waived` in it."""
    with transaction.atomic():
        job = _hold_as_judged(draft, waived)
        published = _publish(
            job,
            package,
            by,
            waivers=list(draft.waivers.standing()),
            category=taxonomy_path or (None if job.base else _meant_for(job)),
            version=version,
            based_on=job.base.bundle_id if job.base and not over_newer else None,
        )
        _record(job, draft, published, by)
    draft.refresh_from_db()
    return published


def _hold_as_judged(draft: Draft, waived: frozenset[Waived]) -> Job:
    """Until the transaction ends no waiver comes or goes, of the draft or the skill."""
    job = hold(draft)
    check_decidable(job, draft)
    if job.base:
        job.base.skill.locked()
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


def promote_for_owner(job: Job, waived: frozenset[Waived]) -> None:
    """Promote as `auto_promote` asks: when validation passed and the owner may.

    `waived` is what validation knew as waived: the draft and its verdict are in the
    caller's hands, only waivers may have gone meanwhile. A refusal leaves the job
    completed with its draft, and says why in its history.
    """
    job.refresh_from_db()
    refused = ""
    if job.validation_status != Job.ValidationStatus.PASSED:
        refused = f"Validation: {job.validation_status}."
    elif not job.user.has_perm("jobs.promote_draft"):
        refused = "The owner may not promote drafts."
    else:
        refused = _refusal(draft_of(job), waived)
    if refused:
        job._move(
            job.status,
            where=Job.objects.filter(pk=job.pk),
            event="promotion_refused",
            note={"reason": refused},
        )


def _refusal(draft: Draft, waived: frozenset[Waived]) -> str:
    """Why it was not promoted; empty when it was."""
    try:
        with transaction.atomic():
            package = draft.bundle.package()
            if draft.job.base:
                _check_keeps_its_name(draft.job.base.skill.name, package, "")
            _promote_judged(draft, package, waived, draft.job.user)
    except (JobError, TaxonomyError) as error:
        return str(error)
    return ""


def _check_passes(draft: Draft, waived: frozenset[Waived]) -> SkillPackage:
    """Raises NotPromotable; the draft then shows the verdict of now."""
    package, verdict = judged(draft, waived)
    passes = verdict.status != Job.ValidationStatus.FAILED
    if passes != draft.job.validation_passed:
        with transaction.atomic():
            job = hold(draft)
            check_waived(job, waived)
            settle(draft, job, package, verdict, "judged_again", {})
    if passes:
        return package
    address = f"/api/v1/drafts/{draft.job_id}"
    raise NotPromotable(
        "Validation failed. Mend the findings by editing the draft's files, or waive"
        f" what the scan found (GET {address} lists them; POST {address}/waivers), then"
        " promote again."
    )


def _check_keeps_its_name(skill_name: str, package: SkillPackage, name: str) -> None:
    """Under another name it would be another skill."""
    if name not in ("", skill_name):
        raise InvalidJob(
            "A refinement keeps the skill's name.",
            {"name": [f"Leave it empty; PATCH /api/v1/skills/{skill_name} renames."]},
        )
    if name_in(package) != skill_name:
        raise NotPromotable(
            f"The draft's SKILL.md must have the name {skill_name!r}: it is to be that"
            " skill's next version."
        )


def _meant_for(job: Job) -> str | None:
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
    new = job.job_type == Job.Type.SKILL_CREATION
    if new and not published.created:
        raise NameTaken(
            name=f"There is a {published.skill.name!r} already; give another name."
        )
    return published


def _renamed(
    package: SkillPackage, name: str, waived: frozenset[Waived]
) -> SkillPackage:
    """The files with another name in the frontmatter; raises NotPromotable."""
    if not name or name_in(package) == name:
        return package
    renamed = package.renamed(name)
    report = renamed.report_with(waived)
    if report.status == "failed":
        raise NotPromotable(
            f"With the name {name!r} the skill is not valid.",
            {"name": [str(error) for error in report.errors]},
        )
    return renamed
