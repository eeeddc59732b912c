"""A draft that was edited after the curator read it is not promoted or rejected."""

from collections.abc import Callable

import pytest
from django.contrib.auth.models import User

from jobs import drafts, promotion
from jobs.exceptions import DraftChanged
from jobs.models import Draft, Job
from taxonomy.models import Skill

pytestmark = pytest.mark.django_db(transaction=True)
Advance = Callable[[Job], Job]


@pytest.fixture
def seen(job: Job, advance: Advance, owner: User) -> Draft:
    """The draft as the curator read it, before its author edits it."""
    seen = drafts.draft_of(advance(job))
    theirs = drafts.draft_of(job)
    text = theirs.bundle.files()[0].content + b"\nOne more line.\n"
    drafts.edit(theirs, "SKILL.md", text, by=owner)
    return seen


def test_what_was_not_reviewed_is_not_promoted(seen: Draft, owner: User) -> None:
    with pytest.raises(DraftChanged):
        promotion.promote(seen, by=owner)
    assert not Skill.objects.exists()
    assert not Job.objects.get(pk=seen.job_id).promoted
    assert Draft.objects.get(pk=seen.pk).status == Draft.Status.OPEN


def test_what_was_not_reviewed_is_not_rejected(seen: Draft, owner: User) -> None:
    with pytest.raises(DraftChanged):
        drafts.reject(seen, by=owner, reason="No.")
    assert not seen.job.history.filter(kind="rejected").exists()


def test_a_digest_names_what_was_reviewed(seen: Draft, owner: User) -> None:
    now = drafts.draft_of(seen.job)
    with pytest.raises(DraftChanged):
        promotion.promote(now, by=owner, digest=seen.bundle_id)
    assert promotion.promote(now, by=owner, digest=now.bundle_id).created
