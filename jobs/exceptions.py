"""What the job engine refuses, and why."""

from core.errors import DomainError


class JobError(DomainError):
    """The job engine cannot do this."""

    status_code = 409
    code = "conflict"


class InvalidJob(JobError):
    """The job was not submitted as the rules want it."""

    status_code = 400
    code = "invalid"


class WrongState(JobError):
    """The job is not in a state that allows this."""

    code = "wrong_state"


class AlreadyAnswered(JobError):
    """The question has been answered already."""

    code = "already_answered"


class NoMoreRevisions(JobError):
    """It was sent back as often as it may be: proceed, cancel, or edit by hand."""

    code = "no_more_revisions"


class NoDraft(JobError):
    """The job has no draft."""

    code = "no_draft"


class NotPromotable(JobError):
    """The draft cannot be promoted as it is."""

    code = "not_promotable"


class LostFence(JobError):
    """Another worker holds this job now; drop everything."""

    code = "lost_fence"


class UnsupportedSource(InvalidJob):
    """This document cannot be read as text."""

    status_code = 415
    code = "unsupported_media_type"


class TooLarge(InvalidJob):
    """The text is larger than it may be."""

    status_code = 413
    code = "too_large"


class DraftChanged(JobError):
    """Somebody else changed the draft at the same time; look at it and try again."""

    code = "draft_changed"


class SkillMovedOn(JobError):
    """The skill has another current version than the one this draft was made from;
    look at the draft's diff, then promote with over_newer, or refine it again."""

    code = "skill_moved_on"


class KeyReused(JobError):
    """This idempotency key was used for another task; take a new one."""

    code = "key_reused"


class InvalidWebhook(JobError):
    """The webhook was not described as the rules want it."""

    status_code = 400
    code = "invalid"


class TooManyWebhooks(JobError):
    """You have as many webhooks as you may; delete one."""

    code = "webhook_limit"
