"""The jobs room in the admin: jobs, drafts, questions, history, workers."""

from jobs.admin.draft import DraftAdmin
from jobs.admin.history import JobEventAdmin, QuestionAdmin
from jobs.admin.job import JobAdmin
from jobs.admin.refining import RefinableSkillAdmin
from jobs.admin.worker import WorkerAdmin

__all__ = [
    "DraftAdmin",
    "JobAdmin",
    "JobEventAdmin",
    "QuestionAdmin",
    "RefinableSkillAdmin",
    "WorkerAdmin",
]
