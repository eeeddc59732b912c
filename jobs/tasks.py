"""The functions that queue messages name: these import paths must not change."""

from jobs.webhooks.delivery import deliver_webhooks
from jobs.worker import process_skill_job

__all__ = ["deliver_webhooks", "process_skill_job"]
