"""The errors of jobs. An error's docstring is its default message."""

from core.errors import DomainError


class JobError(DomainError):
    """The job engine cannot do this."""

    status_code = 409
    code = "conflict"


class InvalidJob(JobError):
    """The submission is not valid."""

    status_code = 400
    code = "invalid"


class WrongState(JobError):
    """The job's status does not allow this."""

    code = "wrong_state"


class AlreadyAnswered(JobError):
    """The question has been answered already."""

    code = "already_answered"


class NoMoreRevisions(JobError):
    """The limit of revisions is reached: proceed, cancel, or edit the draft by hand."""

    code = "no_more_revisions"


class NoDraft(JobError):
    """The job has no draft."""

    code = "no_draft"


class NotPromotable(JobError):
    """The draft cannot be promoted as it is."""

    code = "not_promotable"


class LostFence(JobError):
    """Another worker has taken over this job, so this worker must stop."""

    code = "lost_fence"


class UnsupportedSource(InvalidJob):
    """This document cannot be read as text."""

    status_code = 415
    code = "unsupported_media_type"


class TooLarge(InvalidJob):
    """The text is too large."""

    status_code = 413
    code = "too_large"


class DraftChanged(JobError):
    """The draft was changed in the meantime; review it and try again."""

    code = "draft_changed"


class SkillMovedOn(JobError):
    """The skill has a newer version than the one that this draft started from. Review
    the draft's diff, then promote with over_newer, or refine the skill again."""

    code = "skill_moved_on"


class KeyReused(JobError):
    """This idempotency key was used for another request; use a new one."""

    code = "key_reused"


class InvalidWebhook(JobError):
    """The webhook is not valid."""

    status_code = 400
    code = "invalid"


class TooManyWebhooks(JobError):
    """You have reached the limit of webhooks; delete one first."""

    code = "webhook_limit"
