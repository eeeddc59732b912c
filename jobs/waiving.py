"""Findings in drafts that curators accept, so that a draft can be promoted."""

from django.contrib.auth.models import User
from django.db import transaction

from jobs.briefing import waived_in
from jobs.drafts import check_waived, hold, judged, settle
from jobs.models import Draft, DraftWaiver
from taxonomy.exceptions import NothingToWaive, UnknownWaiver
from taxonomy.package import configured_limits
from taxonomy.scan.engine import scan
from taxonomy.skillmd.findings import Chosen, Findings, Waived, is_accepted


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
