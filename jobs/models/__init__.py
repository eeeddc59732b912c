"""The rows of the job engine: the job carries the truth, the queue only its id."""

from jobs.models.draft import Draft
from jobs.models.event import JobEvent
from jobs.models.job import Job
from jobs.models.phase_result import PhaseResult
from jobs.models.question import Question
from jobs.models.source import Source
from jobs.models.waiver import DraftWaiver
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
