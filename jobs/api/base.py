"""Look-ups and checks that the API's views of jobs and drafts share."""

from typing import cast
from uuid import UUID

from django.contrib.auth.models import User
from django.http import Http404
from rest_framework.exceptions import PermissionDenied
from rest_framework.request import Request

from core.serializers import StrictSerializer
from jobs.exceptions import NoDraft
from jobs.models import Draft, Job
from jobs.models.draft import PROMOTE, DraftQuerySet

LOGGED_IN = None
"""In `required_permissions`: any logged-in user, who gets only visible rows."""
UNLISTED = ("result", "error_stack", "user_context", "task_description_refined")
"""Fields of a job that may be long, so that lists do not load them."""


class NothingSerializer(StrictSerializer):
    """The body of a request without fields: empty, or an empty object."""


def visible_job(request: Request, job_id: UUID) -> Job:
    """The job. Raises Http404 if it does not exist or the user may not see it."""
    job: Job | None = Job.objects.visible_to(request.user).filter(pk=job_id).first()
    if job is None:
        raise Http404(f"There is no job {job_id}.")
    return job


def visible_drafts(request: Request) -> DraftQuerySet:
    drafts: DraftQuerySet = Draft.objects.visible_to(request.user)
    return drafts.select_related("job__user", "bundle", "version")


def visible_draft(request: Request, job_id: UUID) -> Draft:
    """The draft. Raises Http404 if it does not exist or the user may not see it."""
    drafts = visible_drafts(request).select_related("job__base__skill__current")
    draft: Draft | None = drafts.filter(job_id=job_id).first()
    if draft is None:
        raise Http404(f"There is no draft of a job {job_id}.")
    return draft


def draft_to_decide(request: Request, job_id: UUID) -> Draft:
    """As `visible_draft`, but raises NoDraft if only the draft is missing."""
    try:
        return visible_draft(request, job_id)
    except Http404:
        jobs = Job.objects.filter(pk=job_id)
        if not request.user.has_perm(PROMOTE):
            jobs = jobs.visible_to(request.user)
        if jobs.exists():
            raise NoDraft from None
        raise


def draft_to_edit(request: Request, job_id: UUID) -> Draft:
    """As `draft_to_decide`; raises PermissionDenied if the user may only read it."""
    draft = draft_to_decide(request, job_id)
    if not draft.may_be_edited_by(person(request)):
        raise PermissionDenied("Only its owner and curators may edit a draft.")
    return draft


def person(request: Request) -> User:
    """The logged-in user; all views that call this require a login."""
    return cast(User, request.user)
