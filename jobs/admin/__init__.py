"""The jobs room in the admin: jobs, drafts, questions, history, webhooks, workers."""

from jobs.admin.draft import DraftAdmin
from jobs.admin.job import JobAdmin
from jobs.admin.question import JobEventAdmin, QuestionAdmin
from jobs.admin.skill import RefinableSkillAdmin
from jobs.admin.webhook import DeliveryAdmin, WebhookAdmin
from jobs.admin.worker import WorkerAdmin

__all__ = [
    "DeliveryAdmin",
    "DraftAdmin",
    "JobAdmin",
    "JobEventAdmin",
    "QuestionAdmin",
    "RefinableSkillAdmin",
    "WebhookAdmin",
    "WorkerAdmin",
]
