"""The models of jobs. The state of a job is in its row; the queue has only its id."""

from jobs.models.draft import Draft, DraftWaiver
from jobs.models.job import Job, JobEvent, PhaseResult, Source
from jobs.models.question import Question
from jobs.models.webhook import Delivery, Webhook
from jobs.models.worker import Worker

__all__ = [
    "Delivery",
    "Draft",
    "DraftWaiver",
    "Job",
    "JobEvent",
    "PhaseResult",
    "Question",
    "Source",
    "Webhook",
    "Worker",
]
