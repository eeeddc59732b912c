"""Jobs in the admin: jobs, drafts, questions, events, webhooks and workers."""

from jobs.admin import draft, job, question, webhook

__all__ = ["draft", "job", "question", "webhook"]
